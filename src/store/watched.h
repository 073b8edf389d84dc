// Subjects in questions: conditions on watched addresses, and the commands with which a person repeats a question.
#pragma once

#include <string>
#include <string_view>

#include "model/subject.h"
#include "store/query.h"

namespace rw {

// True where `address` lies in one of the subject's prefixes at the time in `time_column`. `period` bounds the
// question, so that a prefix which is valid throughout needs no look at the time. False where none is valid in the
// period.
ExprPtr watched_condition(const Subject& subject, TimeRange period, std::string_view address,
                          std::string_view time_column = "start_time");

// The watched prefix, as text, in which `address` lies at that time; null outside. The narrowest where prefixes
// overlap.
ExprPtr watched_label(const Subject& subject, std::string_view address, std::string_view time_column = "start_time");

// The subject's prefixes as the filter of `rangewatch flows` says them: "net 175.45.176.0/22 or net 210.52.109.0/24".
std::string filter_text(const Subject& subject, TimeRange period);

// "rangewatch flows 'FILTER' --from T --to T MORE"; ends that are "no limit" are left out.
std::string flows_command(std::string_view filter, TimeRange period, std::string_view more = {});

}  // namespace rw
