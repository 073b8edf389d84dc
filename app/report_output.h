// The form of a report and where it goes: what `report` and `mail report` have in common.
#pragma once

#include "command.h"
#include "report/renderer.h"

namespace rw {

namespace flags {
extern const Flag kReportForm;    // --format
extern const Flag kReportOutput;  // --output
}  // namespace flags

// From --format, else from the name of --output, else terminal. A pdf on a terminal is a usage error.
Result<const Renderer*> report_form(const Arguments& args, Console& console);
// Renders and writes, to --output (with the files beside it) or to standard output.
Result<void> write_report(const Dossier& dossier, const Renderer& renderer, const Arguments& args, Console& console);

}  // namespace rw
