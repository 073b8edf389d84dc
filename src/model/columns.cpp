// The table specifications, generated from the column lists in records.h.
#include "model/columns.h"

#include <array>

#include "model/records.h"

namespace rw {
namespace {

#define RW_SPEC(name, type, unit, doc) Column{#name, ColumnType::k##type, false, unit, doc},
#define RW_SPEC_NULLABLE(name, type, unit, doc) Column{#name, ColumnType::k##type, true, unit, doc},
#define RW_SPEC_ADDRESS(name, doc)                                      \
  Column{#name "_hi", ColumnType::kU64, false, "", doc ": upper half"}, \
      Column{#name "_lo", ColumnType::kU64, false, "", doc ": lower half"},
#define RW_SPEC_NULLABLE_ADDRESS(name, doc)                            \
  Column{#name "_hi", ColumnType::kU64, true, "", doc ": upper half"}, \
      Column{#name "_lo", ColumnType::kU64, true, "", doc ": lower half"},
#define RW_COLUMN_ARRAY(COLUMNS) \
  { COLUMNS(RW_SPEC, RW_SPEC_NULLABLE, RW_SPEC_ADDRESS, RW_SPEC_NULLABLE_ADDRESS) }

constexpr Column kFlow[] = RW_COLUMN_ARRAY(RW_FLOW_COLUMNS);
constexpr Column kDns[] = RW_COLUMN_ARRAY(RW_DNS_COLUMNS);
constexpr Column kDnsAnswer[] = RW_COLUMN_ARRAY(RW_DNS_ANSWER_COLUMNS);
constexpr Column kTls[] = RW_COLUMN_ARRAY(RW_TLS_COLUMNS);
constexpr Column kHttp[] = RW_COLUMN_ARRAY(RW_HTTP_COLUMNS);
constexpr Column kAlert[] = RW_COLUMN_ARRAY(RW_ALERT_COLUMNS);
constexpr Column kInterface[] = RW_COLUMN_ARRAY(RW_INTERFACE_COLUMNS);
constexpr Column kMining[] = RW_COLUMN_ARRAY(RW_MINING_COLUMNS);
constexpr Column kFile[] = RW_COLUMN_ARRAY(RW_FILE_COLUMNS);
constexpr Column kScan[] = RW_COLUMN_ARRAY(RW_SCAN_COLUMNS);
constexpr Column kIndicator[] = RW_COLUMN_ARRAY(RW_INDICATOR_COLUMNS);
constexpr Column kMailRow[] = RW_COLUMN_ARRAY(RW_MAIL_ROW_COLUMNS);
constexpr Column kMessage[] = RW_COLUMN_ARRAY(RW_MESSAGE_COLUMNS);
constexpr Column kMailAudit[] = RW_COLUMN_ARRAY(RW_MAIL_AUDIT_COLUMNS);
constexpr Column kWeird[] = RW_COLUMN_ARRAY(RW_WEIRD_COLUMNS);

// Sort keys after the hour: the address that questions name most often, then time.
constexpr std::uint8_t kFlowSort[] = {2, 3, 0};     // src_hi, src_lo, start_time
constexpr std::uint8_t kClientSort[] = {1, 2, 0};   // client_hi (or src_hi), client_lo, time
constexpr std::uint8_t kSessionSort[] = {2, 3, 0};  // client_hi, client_lo, time
constexpr std::uint8_t kTimeSort[] = {0};

}  // namespace

const TableSpec kFlowTable{"flows", kFlow, 2, 0, kFlowSort, "one record of one sensor, initiator first"};
const TableSpec kDnsTable{"dns", kDns, 1, 0, kClientSort, "one DNS transaction: query, response, or both"};
const TableSpec kDnsAnswerTable{"dns_answers", kDnsAnswer, 1, 0, kClientSort, "one record of a DNS answer section"};
const TableSpec kTlsTable{"tls", kTls, 1, 0, kClientSort, "one TLS or QUIC handshake"};
const TableSpec kHttpTable{"http", kHttp, 1, 0, kClientSort, "one HTTP request"};
const TableSpec kAlertTable{"alerts", kAlert, 1, 0, kClientSort, "one alert of another intrusion detection system"};
const TableSpec kInterfaceTable{"interfaces", kInterface, 1, 0, kTimeSort, "interface counters that an agent exported"};
const TableSpec kMiningTable{"mining", kMining, 1, 0, kSessionSort, "one mining session that its payload shows"};
const TableSpec kFileTable{"files", kFile, 1, 0, kClientSort, "one file that a sensor saw on its way"};
const TableSpec kScanTable{"scans", kScan, 1, 0, kClientSort, "one answer that an internet scanner got"};
const TableSpec kIndicatorTable{"indicators", kIndicator, 1, 0, kTimeSort, "one entry of a reference list, as dated"};
const TableSpec kMailRowTable{"mail_rows", kMailRow, 1, 0, kTimeSort, "one record of a DMARC, failure or TLS report"};
const TableSpec kMessageTable{"messages", kMessage, 1, 0, kTimeSort, "one message that was checked"};
const TableSpec kMailAuditTable{
    "mail_audits", kMailAudit, 1, 0, kTimeSort, "one thing that an audit of a domain found"};
const TableSpec kWeirdTable{"weird", kWeird, 1, 0, kTimeSort, "what an ingest could not read, and where it was"};

std::span<const TableSpec* const> tables() {
  static constexpr std::array kAll{&kFlowTable,    &kDnsTable,       &kDnsAnswerTable, &kTlsTable,
                                   &kHttpTable,    &kAlertTable,     &kInterfaceTable, &kMiningTable,
                                   &kFileTable,    &kScanTable,      &kIndicatorTable, &kMailRowTable,
                                   &kMessageTable, &kMailAuditTable, &kWeirdTable};
  return kAll;
}

const TableSpec* find_table(std::string_view name) {
  for (const TableSpec* table : tables())
    if (table->name == name) return table;
  return nullptr;
}

std::uint16_t since(const TableSpec& table, std::string_view column) {
  struct Added {
    std::string_view table, column;
    std::uint16_t schema;
  };
  // A line for each column that came after the table's first release; they are all nullable.
  constexpr Added kAdded[] = {{"flows", "dpi", 2}, {"flows", "dpi_category", 2}, {"flows", "dpi_risks", 2}};
  for (const Added& added : kAdded)
    if (added.table == table.name && added.column == column) return added.schema;
  return 1;
}

int find_column(const TableSpec& table, std::string_view name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace rw
