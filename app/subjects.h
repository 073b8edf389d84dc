// Where commands get the subjects and the organisation from.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "detect/detector.h"
#include "lake/lake.h"
#include "model/subject.h"

namespace rw {

namespace flags {
extern const Flag kSubject;  // --subject FILE, repeatable
}

// A subject file, its time zone checked by the store.
Result<Subject> checked_subject(const std::string& path, Store& store);
// Subjects from --subject, else from subjects/*.toml in the lake's folder, and the organisation.
Result<DetectContext> detect_context(const Arguments& args, Lake& lake, TimeRange range);

}  // namespace rw
