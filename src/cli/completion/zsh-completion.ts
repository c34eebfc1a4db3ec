import type { CompletedCommand, CompletedOption } from './completion-model.ts';
import { shellQuote } from './shell-quote.ts';

/**
 * A completion script for zsh, to be sourced or put into `$fpath` as `_parahack-sync`. Its variable is called `at`
 * because zsh ties `path` to PATH.
 */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const steps = commands.flatMap(({ path, subcommands }) =>
    subcommands.map(({ name }) => `"${path}/${name}"`),
  );
  const values = commands.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map((option) => valueCase(path, option)),
  );
  return `#compdef parahack-sync
# parahack-sync completion for zsh. Load it with: source <(parahack-sync completion zsh)
_parahack_sync_orgs() {
  local -a orgs
  orgs=(\${(f)"$(parahack-sync __complete orgs 2>/dev/null)"})
  compadd -a orgs
}
_parahack_sync() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" at="" word
  local -a names flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      (${steps.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  if [[ "$cur" == --*=* ]]; then prev="\${cur%%=*}"; compset -P '*='; fi
  case "$at/$prev" in
${values.join('\n')}
  esac
  case "$at" in
${commands.map(wordCase).join('\n')}
  esac
}
if [[ "$zsh_eval_context[-1]" == loadautofunc ]]; then _parahack_sync "$@"; else compdef _parahack_sync parahack-sync; fi
`;
}

function valueCase(path: string, { flags, completes, choices }: CompletedOption): string {
  const pattern = flags.map((flag) => `"${path}/${flag}"`).join('|');
  const reply = {
    org: '_parahack_sync_orgs',
    file: '_files',
    choices: `compadd -- ${choices.map(shellQuote).join(' ')}`,
    nothing: ':',
  }[completes];
  return `    (${pattern}) ${reply}; return ;;`;
}

function wordCase({ path, subcommands, options, argument, argumentChoices }: CompletedCommand): string {
  const described = (name: string, description: string) =>
    shellQuote(`${name.replaceAll(':', '\\:')}:${description}`);
  const flags = options.flatMap(({ flags, description }) =>
    flags.filter((flag) => flag.startsWith('--')).map((flag) => described(flag, description)),
  );
  const names = [
    ...subcommands.map(({ name, description }) => described(name, description)),
    ...argumentChoices.map((choice) => shellQuote(choice)),
  ];
  const more = { org: '_parahack_sync_orgs', file: '_files', choices: ':', nothing: ':' }[argument];
  return `    ("${path}")
      flags=(${flags.join(' ')})
      names=(${names.join(' ')})
      if [[ "$cur" == -* ]]; then _describe flag flags
      else (( \${#names} )) && _describe command names; ${more}; fi ;;`;
}
