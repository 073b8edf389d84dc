// Findings on standard output, in every format of a listing.
#pragma once

#include <cstdint>
#include <vector>

#include "command.h"
#include "model/finding.h"

namespace rw {

// json is one document {"items": […], "total": N}; csv has the same names as its header, with lists joined in their
// fields. `total`: how many there are before the cut.
void print_findings(const std::vector<Finding>& findings, std::uint64_t total, const Arguments& args, Console& console);
// One finding in full, for a person.
std::string finding_for_people(const Finding& finding);

}  // namespace rw
