// SMTP TLS reports (RFC 8460) as rows, for files and for attachments.
#pragma once

#include "format/report_rows.h"

namespace rw {

// Whether these first bytes begin a report: 0 no, else how sure.
int looks_like_smtp_tls(Bytes head);
// Reads context.input to its end. `rows` is told how many the report had.
Result<void> decode_smtp_tls(DecodeContext& context, const ReportOrigin& origin, std::uint64_t& rows);

}  // namespace rw
