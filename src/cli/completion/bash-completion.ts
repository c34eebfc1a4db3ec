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
  local cur prev path="" word i glue="" words=("")
  # Bash cuts words at : and = too: localhost:8080 is one word again, --org=prod a flag and its value.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ "$word" == "=" ]]; then words+=(""); glue=1
    elif [[ "$word" == ":" ]]; then words[\${#words[@]}-1]+=":"; glue=1
    elif [[ -n "$glue" ]]; then words[\${#words[@]}-1]+="$word"; glue=""
    else words+=("$word"); fi
  done
  cur="\${words[\${#words[@]}-1]}" prev=""
  if ((\${#words[@]} > 1)); then prev="\${words[\${#words[@]}-2]}"; fi
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    word="\${words[i]}"
    case "$path/$word" in
      ${steps.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$path/$prev" in
${values.join('\n')}
  esac
  case "$path" in
${commands.map(wordCase).join('\n')}
  esac
}
# Names are compared and quoted here: compgen -W would expand what stands in them, commands too.
_parahack_sync_orgs() {
  local name cut=""
  if [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then cut="\${cur%:*}:"; fi
  while IFS= read -r name; do
    if [[ -n "$name" && "$name" == "$cur"* ]]; then COMPREPLY+=("$(printf '%q' "\${name#"$cut"}")"); fi
  done < <(parahack-sync __complete orgs 2>/dev/null)
}
# Readline completes and quotes names of files itself, where it can be asked to (from bash 4).
_parahack_sync_files() {
  if compopt -o default 2>/dev/null; then return; fi
  local name
  while IFS= read -r name; do COMPREPLY+=("$(printf '%q' "$name")"); done < <(compgen -f -- "$cur")
}
complete -F _parahack_sync parahack-sync
`;
}

function valueCase(path: string, { flags, completes, choices }: CompletedOption): string {
  const pattern = flags.map((flag) => `"${path}/${flag}"`).join('|');
  const reply = {
    org: '_parahack_sync_orgs',
    file: '_parahack_sync_files',
    choices: `COMPREPLY=($(compgen -W ${shellQuote(choices.join(' '))} -- "$cur"))`,
    nothing: ':',
  }[completes];
  return `    ${pattern}) ${reply}; return ;;`;
}

function wordCase({ path, subcommands, options, argument, argumentChoices }: CompletedCommand): string {
  const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')));
  const names = [...subcommands.map(({ name }) => name), ...argumentChoices];
  const more = { org: '; _parahack_sync_orgs', file: '; _parahack_sync_files', choices: '', nothing: '' }[
    argument
  ];
  return `    "${path}")
      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W ${shellQuote(flags.join(' '))} -- "$cur"))
      else COMPREPLY=($(compgen -W ${shellQuote(names.join(' '))} -- "$cur"))${more}; fi ;;`;
}
