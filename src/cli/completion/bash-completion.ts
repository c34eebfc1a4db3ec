import type { CompletedCommand, CompletedOption } from './completion-model.ts';
import { shellQuote } from './shell-quote.ts';

/** A completion script for bash 3.2 (macOS) and later. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const steps = commands.flatMap(({ path, subcommands }) =>
    subcommands.map(({ name }) => `"${path}/${name}"`),
  );
  const values = commands.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map((option) => valueCase(path, option)),
  );
  return `# parahack-sync completion for bash. Load it with: source <(parahack-sync completion bash)
_parahack_sync() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path/$word" in
      ${steps.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path/$prev" in
${values.join('\n')}
  esac
  case "$path" in
${commands.map(wordCase).join('\n')}
  esac
}
_parahack_sync_orgs() { parahack-sync __complete orgs 2>/dev/null; }
complete -F _parahack_sync parahack-sync
`;
}

function valueCase(path: string, { flags, completes, choices }: CompletedOption): string {
  const pattern = flags.map((flag) => `"${path}/${flag}"`).join('|');
  const reply = {
    org: `COMPREPLY=($(compgen -W "$(_parahack_sync_orgs)" -- "$cur"))`,
    file: `COMPREPLY=($(compgen -f -- "$cur"))`,
    choices: `COMPREPLY=($(compgen -W ${shellQuote(choices.join(' '))} -- "$cur"))`,
    nothing: 'COMPREPLY=()',
  }[completes];
  return `    ${pattern}) ${reply}; return ;;`;
}

function wordCase({ path, subcommands, options, argument, argumentChoices }: CompletedCommand): string {
  const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')));
  const names = [...subcommands.map(({ name }) => name), ...argumentChoices];
  const dynamic = argument === 'org' ? ' $(_parahack_sync_orgs)' : '';
  const files = argument === 'file' ? ' $(compgen -f -- "$cur")' : '';
  return `    "${path}")
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W ${shellQuote(flags.join(' '))} -- "$cur"))
      else COMPREPLY=($(compgen -W "${names.join(' ')}${dynamic}" -- "$cur")${files}); fi ;;`;
}
