// Zeek logs as text: header lines, one tab-separated line a record, a closing line.
#include "scenario/zeek_writer.h"

#include <charconv>

#include "base/ip.h"

namespace rw::scenario {

namespace {

void add_number(std::string& line, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  line.append(digits, static_cast<std::size_t>(end - digits));
}

void add_seconds(std::string& line, std::int64_t us) {
  add_number(line, static_cast<std::uint64_t>(us / 1'000'000));
  char fraction[6];
  std::int64_t rest = us % 1'000'000;
  for (int i = 5; i >= 0; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  line += '.';
  line.append(fraction, 6);
}

void add_address(std::string& line, std::uint32_t address) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    add_number(line, address >> shift & 0xFF);
    if (shift) line += '.';
  }
}

// "C" and 17 characters, as Zeek writes; made from the row's number, so they are unique per kind of log.
void add_uid(std::string& line, char kind, std::uint64_t row) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  line += 'C';
  line += kind;
  std::uint64_t mixed = row * 0x9E3779B97F4A7C15ULL;  // odd, so rows and uids map one to one
  for (int i = 0; i < 11; ++i, mixed /= 62) line += kDigits[mixed % 62];
}

void add_time_of_log(std::string& text, std::string_view keyword, Timestamp t) {
  std::string stamp = t.to_string().substr(0, 19);  // 2019-04-23T03:00:00 -> 2019-04-23-03-00-00
  for (char& c : stamp)
    if (c == 'T' || c == ':') c = '-';
  text.append(keyword).append("\t").append(stamp).append("\n");
}

std::string log_header(std::string_view path, Timestamp opened, std::string_view fields, std::string_view types) {
  std::string text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t";
  text.append(path).append("\n");
  add_time_of_log(text, "#open", opened);
  text.append("#fields\t").append(fields).append("\n#types\t").append(types).append("\n");
  return text;
}

Result<void> close_log(FileWriter& file, Timestamp last) {
  if (!file.is_open()) return file.status();
  std::string text;
  add_time_of_log(text, "#close", last);
  file.write(text);
  return file.close();
}

std::string_view type_name(std::uint16_t type) {
  switch (type) {
    case 5: return "CNAME";
    case 10: return "NULL";
    case 15: return "MX";
    case 16: return "TXT";
    default: return "A";
  }
}

// Zeek writes the strings of a TXT record with their lengths, and of records that it does not know only the type.
void add_target(std::string& line, const DnsExchange& d) {
  if (d.type == 10) {
    line += "<unknown type=10>\t0.000000";
  } else if (d.type == 16) {
    line += "TXT ";
    add_number(line, d.target.size());
    line.append(" ").append(d.target).append("\t0.000000");
  } else {
    line += d.target;
    line += d.type == 15 ? "\t3600.000000" : "\t0.000000";
  }
}

}  // namespace

Result<void> ZeekConnWriter::open(const std::string& path, Timestamp opened) {
  RW_TRY(close());
  RW_TRY(file_.open(path));
  last_ = opened;
  file_.write(log_header(
      "conn", opened,
      "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t"
      "conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t"
      "tunnel_parents",
      "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\t"
      "count\tcount\tcount\tcount\tset[string]"));
  return file_.status();
}

void ZeekConnWriter::add(const Conversation& c) {
  const bool answered = c.server_packets > 0;
  const bool tcp = c.proto == kTcp;
  const std::uint64_t header = tcp ? 40 : 28;
  const auto payload = [header](std::uint64_t bytes, std::uint64_t packets) {
    return bytes > header * packets ? bytes - header * packets : 0;
  };
  line_.clear();
  add_seconds(line_, c.start.us);
  line_ += '\t';
  add_uid(line_, 'c', ++rows_);
  line_ += '\t';
  add_address(line_, c.client);
  line_ += '\t';
  add_number(line_, c.client_port);
  line_ += '\t';
  add_address(line_, c.server);
  line_ += '\t';
  add_number(line_, c.server_port);
  line_ += tcp ? "\ttcp\t" : "\tudp\t";
  // Zeek tells TLS as "ssl"; it names a service only when both sides spoke.
  const std::string_view service = c.service == Service::kHttps ? "ssl" : service_name(c.service);
  line_ += !answered || service.empty() ? std::string_view("-") : service;
  line_ += '\t';
  if (answered) {
    add_seconds(line_, (c.end - c.start).us);
  } else {
    line_ += '-';
  }
  line_ += '\t';
  add_number(line_, payload(c.client_bytes, c.client_packets));
  line_ += '\t';
  add_number(line_, payload(c.server_bytes, c.server_packets));
  line_ += !answered ? "\tS0\tF\tF\t0\tS\t" : tcp ? "\tSF\tF\tF\t0\tShADadFf\t" : "\tSF\tF\tF\t0\tDd\t";
  add_number(line_, c.client_packets);
  line_ += '\t';
  add_number(line_, c.client_bytes);
  line_ += '\t';
  add_number(line_, c.server_packets);
  line_ += '\t';
  add_number(line_, c.server_bytes);
  line_ += "\t-\n";
  file_.write(line_);
  last_ = c.end;
}

Result<void> ZeekConnWriter::close() { return close_log(file_, last_); }

Result<void> ZeekDnsWriter::open(const std::string& path, Timestamp opened) {
  RW_TRY(close());
  RW_TRY(file_.open(path));
  last_ = opened;
  file_.write(log_header(
      "dns", opened,
      "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\t"
      "qtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected",
      "time\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring"
      "\t"
      "bool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool"));
  return file_.status();
}

void ZeekDnsWriter::add(const DnsExchange& d) {
  line_.clear();
  add_seconds(line_, d.time.us);
  line_ += '\t';
  add_uid(line_, 'd', ++rows_);
  line_ += '\t';
  add_address(line_, d.client);
  line_ += '\t';
  add_number(line_, d.client_port);
  line_ += '\t';
  add_address(line_, d.server);
  line_ += "\t53\tudp\t";
  add_number(line_, d.id);
  line_ += '\t';
  add_seconds(line_, d.round_trip.us);
  line_ += '\t';
  line_ += d.name;
  line_ += "\t1\tC_INTERNET\t";
  add_number(line_, d.type);
  line_ += '\t';
  line_ += type_name(d.type);
  line_ += d.rcode == 3 ? "\t3\tNXDOMAIN" : "\t0\tNOERROR";
  line_ += d.recursive ? "\tF\tF\tT\tT\t0\t" : "\tT\tF\tF\tF\t0\t";
  if (d.address != 0) {
    add_address(line_, d.address);
    line_ += "\t3600.000000";
  } else if (!d.target.empty()) {
    add_target(line_, d);
  } else {
    line_ += "-\t-";
  }
  line_ += "\tF\n";
  file_.write(line_);
  last_ = d.time;
}

Result<void> ZeekDnsWriter::close() { return close_log(file_, last_); }

}  // namespace rw::scenario
