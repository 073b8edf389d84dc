// Running one detector so that stored findings stay whole: shared by the commands that detect.
#pragma once

#include <string>
#include <vector>

#include "detect/detector.h"
#include "lake/findings.h"

namespace rw {

// A narrow look may cut through a finding that is stored already: look again at all of it, so that its figures stay
// whole. `left_out`: what bounds cut off, for people.
Result<std::vector<Finding>> found_whole(Store& store, FindingStore& state, const Detector& detector,
                                         DetectContext context, std::vector<std::string>& left_out);

}  // namespace rw
