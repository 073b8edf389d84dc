// What the milter does with a message that was checked.
#pragma once

#include <string>

#include "mail/check.h"
#include "mail/milter.h"

namespace rw {

struct MilterPolicy {
  std::string authserv_id;
  bool quarantine = false;  // what fails a policy of quarantine, or of reject where `reject` is off
  bool reject = false;      // what fails a policy of reject
};

// The field to add, and what the domain's policy asks for, as far as it is to be obeyed. Anything but a certain failure
// of a policy that was found goes on.
MilterAnswer answer_to(const MessageCheck& check, const MilterPolicy& policy);

// A message whose end is missing: a hash over its body says nothing. A signature that failed becomes neutral, and what
// could have passed with it is not known.
void soften_cut_message(MessageCheck& check);

}  // namespace rw
