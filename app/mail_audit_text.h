// An audit for people: a page per domain, and the lines of a zone file.
#pragma once

#include <optional>
#include <string>

#include "mail/audit.h"

namespace rw {

struct PageStyle {
  bool colour = false;
  unsigned width = 100;  // columns into which text is wrapped; records are never cut
};

// `text` in lines of at most `width` columns, each after the first begun with `indent` spaces; words are not cut.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);
std::string painted(const PageStyle& style, std::string_view colour, std::string_view text);
// One record with its reason, as it is shown under "Publish".
std::string record_for_people(const AuditRecord& record, const PageStyle& style);

std::string audit_for_people(const Audit& audit, const std::optional<AuditComparison>& comparison,
                             const PageStyle& style);
// Only what is to be published now, as zone-file lines; what needs more is a comment.
std::string records_for_zone(const Audit& audit);

}  // namespace rw
