// What a shell is told once. It asks `outbox __complete` for everything else: a line for each candidate, a tab, what it is.

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export const scripts: Readonly<Record<Shell, string>> = {
  bash: String.raw`# eval "$(outbox completion bash)" in ~/.bashrc
_outbox() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\t'*}")
  done < <(outbox __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _outbox outbox
`.replaceAll('\\${', '${'),
  zsh: String.raw`#compdef outbox
# eval "$(outbox completion zsh)" in ~/.zshrc, after compinit
_outbox() {
  local line
  local -a candidates
  for line in "\${(@f)$(outbox __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    candidates+=("\${\${line%%$'\t'*}//:/\\:}\${\${line#*$'\t'}:+:\${line#*$'\t'}}")
  done
  if (( \${#candidates} )); then _describe outbox candidates; else _files; fi
}
compdef _outbox outbox
`.replaceAll('\\${', '${'),
  fish: String.raw`# outbox completion fish > ~/.config/fish/completions/outbox.fish
function __outbox_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l candidates (outbox __complete -- $before[2..-1] "$current" 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\n' $candidates
  else
    __fish_complete_path "$current"
  end
end
complete -c outbox -f -a '(__outbox_complete)'
`,
}
