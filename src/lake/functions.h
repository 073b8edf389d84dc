// Functions of ours inside SQL: ip_text, port_service, and one per label set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lake/engine.h"
#include "store/query.h"

namespace rw {

duck::ScalarFunction ip_text_function();       // ip_text(hi, lo)
duck::ScalarFunction port_service_function();  // port_service(proto, src_port, dst_port)
// name(hi, lo) or, `at_time`, name(hi, lo, microseconds)
duck::ScalarFunction label_function(std::string name, std::shared_ptr<const LabelSet> set, bool at_time);
duck::ScalarFunction member_function(std::string name,
                                     const std::vector<Prefix>& prefixes);  // name(hi, lo) is a boolean

}  // namespace rw
