// The list of commands: one extern line and one list line each, in the order in which help shows them.
#include <array>

#include "command.h"

namespace rw {

extern const Command kFlowsCommand;
extern const Command kDnsCommand;
extern const Command kSqlCommand;
extern const Command kFormatsCommand;
extern const Command kDetectorsCommand;
extern const Command kSectionsCommand;
extern const Command kLakeInfoCommand;
extern const Command kLakeCompactCommand;
extern const Command kLakeDropCommand;
extern const Command kConfigCheckCommand;
extern const Command kConfigDumpCommand;
extern const Command kDoctorCommand;
extern const Command kScenarioCommand;

namespace {
constexpr std::array kCommands{
    &kFlowsCommand,      &kDnsCommand,         &kSqlCommand,      &kFormatsCommand,
    &kDetectorsCommand,
    &kSectionsCommand,
    &kLakeInfoCommand,   &kLakeCompactCommand, &kLakeDropCommand, &kConfigCheckCommand,
    &kConfigDumpCommand, &kDoctorCommand,      &kScenarioCommand,
};
}  // namespace

std::span<const Command* const> commands() { return kCommands; }

}  // namespace rw
