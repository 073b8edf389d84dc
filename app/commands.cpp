// The list of commands: one extern line and one list line each, in the order in which help shows them.
#include <array>

#include "command.h"

namespace rw {

extern const Command kFlowsCommand;
extern const Command kDnsCommand;
extern const Command kFormatsCommand;
extern const Command kScenarioCommand;

namespace {
constexpr std::array kCommands{
    &kFlowsCommand,
    &kDnsCommand,
    &kFormatsCommand,
    &kScenarioCommand,
};
}  // namespace

std::span<const Command* const> commands() { return kCommands; }

}  // namespace rw
