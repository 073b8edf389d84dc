// The list of commands: one extern line and one list line each, in the order in which help shows them.
#include <array>

#include "command.h"

namespace rw {

extern const Command kIngestCommand;
extern const Command kListenPcapCommand;
extern const Command kMailMilterCommand;
extern const Command kFlowsCommand;
extern const Command kDnsCommand;
extern const Command kMailAuditCommand;
extern const Command kMailAdviseCommand;
extern const Command kMailCheckCommand;
extern const Command kMailReportsCommand;
extern const Command kMailRowsCommand;
extern const Command kMailMessagesCommand;
extern const Command kMailReportCommand;
extern const Command kSqlCommand;
extern const Command kDetectCommand;
extern const Command kFindingsListCommand;
extern const Command kFindingsShowCommand;
extern const Command kFindingsReviewCommand;
extern const Command kReportCommand;
extern const Command kFormatsCommand;
extern const Command kDetectorsCommand;
extern const Command kSectionsCommand;
extern const Command kOutputsCommand;
extern const Command kLakeInfoCommand;
extern const Command kLakeCompactCommand;
extern const Command kLakeDropCommand;
extern const Command kConfigCheckCommand;
extern const Command kConfigDumpCommand;
extern const Command kDoctorCommand;
extern const Command kScenarioCommand;

namespace {
// clang-format off
constexpr std::array kCommands{
    &kIngestCommand,
    &kListenPcapCommand,
    &kMailMilterCommand,
    &kFlowsCommand,
    &kDnsCommand,
    &kMailAuditCommand,
    &kMailAdviseCommand,
    &kMailCheckCommand,
    &kMailReportsCommand,
    &kMailRowsCommand,
    &kMailMessagesCommand,
    &kMailReportCommand,
    &kSqlCommand,
    &kDetectCommand,
    &kFindingsListCommand,
    &kFindingsShowCommand,
    &kFindingsReviewCommand,
    &kReportCommand,
    &kFormatsCommand,
    &kDetectorsCommand,
    &kSectionsCommand,
    &kOutputsCommand,
    &kLakeInfoCommand,
    &kLakeCompactCommand,
    &kLakeDropCommand,
    &kConfigCheckCommand,
    &kConfigDumpCommand,
    &kDoctorCommand,
    &kScenarioCommand,
};
// clang-format on
}  // namespace

std::span<const Command* const> commands() { return kCommands; }

}  // namespace rw
