// kansoku completion bash: prints a completion script.
#include <cstdio>

#include "app/commands.h"
#include "base/result.h"

namespace kansoku::app {
namespace {

// Options come from the program's own help, so the script never lags behind it.
constexpr std::string_view kBash = R"(# kansoku completion for bash and, through bashcompinit, zsh:
#   source <(kansoku completion bash)
_kansoku() {
  local word=${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=$(kansoku --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
  else
    case "${COMP_WORDS[COMP_CWORD-1]}" in
      --data | --config | --tls-*) COMPREPLY=($(compgen -f -- "$word")); return ;;
      --auth) words="strict open" ;;
      --format) words="table json csv plot" ;;
      ctl) words="keys users import backup restore limits workspace" ;;
      limits) words="list set unset" ;;
      import | backup | restore) COMPREPLY=($(compgen -f -- "$word")); return ;;
      keys) words="create list disable enable delete" ;;
      users) words="create list delete link" ;;
      check) words="config promql-tests" ;;
      query) words="cloudwatch promql" ;;
      *) words=$(kansoku "${COMP_WORDS[1]}" --help 2>/dev/null |
           sed -n 's/^  \(--[a-z-]*\).*/\1/p') ;;
    esac
    if [ "${COMP_WORDS[1]}" = check ] && [ "$COMP_CWORD" -gt 2 ]; then
      COMPREPLY=($(compgen -f -- "$word"))
    fi
  fi
  COMPREPLY+=($(compgen -W "$words" -- "$word"))
}
complete -F _kansoku kansoku
)";

}  // namespace

int run_completion(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--help"} || arguments.empty()) {
    fmt::print(
        "usage: kansoku completion bash\n\nPrints a completion script; load it with\n"
        "  source <(kansoku completion bash)\n");
    return arguments.empty() ? 2 : 0;
  }
  if (arguments.front() != "bash" || arguments.size() > 1) {
    fmt::print(stderr, "kansoku completion: there is no script for {}; there is bash\n",
               quoted(arguments.front()));
    return 2;
  }
  fmt::print("{}", kBash);
  return 0;
}

}  // namespace kansoku::app
