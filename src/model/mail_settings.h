// [mail] of rangewatch.toml: whom messages may claim to come from, what is trusted in them, and what of them is kept.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"

namespace rw {

struct MailPerson {
  std::string name;
  std::vector<std::string> addresses;  // private ones and the like, from which mail under that name is expected
  friend bool operator==(const MailPerson&, const MailPerson&) = default;
};

struct MailSettings {
  std::vector<std::string> partners;            // domains of those whom our people write with
  std::vector<MailPerson> people;               // "Jane Roe" or "Jane Roe <jane@home.example, jr@isp.example>"
  std::vector<std::string> allowed_lookalikes;  // domains that look like ours and are right
  std::vector<std::string> free_mail;           // default_free_mail() unless set
  std::vector<std::string> shorteners;          // empty: the built-in list
  std::vector<Prefix> trusted_hops;             // relays of our own: the Received field below theirs tells the client
  std::vector<std::string> trusted_authserv;    // whose Authentication-Results may stand for our own check
  std::string authserv_id;                      // our name in the fields that we write; empty: the host's
  bool store_bodies = false;
  bool hash_subjects = false;
  bool hash_addresses = false;
  std::string clamd;                    // "/run/clamav/clamd.ctl" or "127.0.0.1:3310"; empty: not asked
  std::vector<std::string> yara_rules;  // files; empty: not used

  MailSettings();
};

// Providers where anybody gets an address.
const std::vector<std::string>& default_free_mail();

class TomlTable;
MailSettings mail_settings_from(TomlTable root);  // what is wrong is noted there
std::string mail_settings_toml(const MailSettings& settings);

}  // namespace rw
