// From a verdict to an answer.
#include "mail/milter_policy.h"

namespace rw {

MilterAnswer answer_to(const MessageCheck& check, const MilterPolicy& policy) {
  MilterAnswer answer;
  answer.results = authentication_results(check, policy.authserv_id);
  const bool asks_reject = check.verdict == MailVerdict::kFailReject;
  const bool asks_quarantine = check.verdict == MailVerdict::kFailQuarantine;
  if (asks_reject && policy.reject)
    answer.action = MilterAction::kReject;
  else if ((asks_reject || asks_quarantine) && policy.quarantine)
    answer.action = MilterAction::kQuarantine;
  if (answer.action != MilterAction::kAccept)
    answer.text = "DMARC fails for " + check.author.domain + ", whose policy asks to " +
                  (asks_reject ? "reject" : "quarantine") + " such messages";
  return answer;
}

void soften_cut_message(MessageCheck& check) {
  bool could_have_passed = false;
  for (DkimVerdict& verdict : check.dkim) {
    if (verdict.result != DkimResult::kFail && verdict.result != DkimResult::kPermerror) continue;
    verdict.result = DkimResult::kNeutral;
    verdict.problem = "the message is larger than what is checked, and its body was not seen whole";
    could_have_passed = true;
  }
  if (check.arc.result == ArcResult::kFail) {
    check.arc.result = ArcResult::kNone;
    check.arc.problem = "the message is larger than what is checked";
  }
  check.signs.emplace_back("cut-message");
  if (!could_have_passed) return;
  for (DmarcVerdict* verdict : {&check.dmarc, &check.dmarc_7489}) {
    if (verdict->result != DmarcResult::kFail) continue;
    verdict->result = DmarcResult::kTemperror;
    verdict->disposition = DmarcPolicy::kNone;
    verdict->problem = "the message is larger than what is checked";
  }
  if (check.verdict == MailVerdict::kFailReject || check.verdict == MailVerdict::kFailQuarantine ||
      check.verdict == MailVerdict::kFailDelivered)
    check.verdict = MailVerdict::kTemperror;
  check.advice.clear();
}

}  // namespace rw
