// The one adapter for DuckDB's C API.
#include "lake/engine.h"

#include <dlfcn.h>

#include <duckdb.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <new>

#include "lake/distinct.h"

namespace rw::duck {
namespace {

// The functions of DuckDB that are used here, found in its library when the first engine is opened: loading it takes 11
// ms, which questions that need no SQL do not pay. Within this namespace their names mean these pointers.
#define RW_DUCKDB_FUNCTIONS(X)                   \
  X(duckdb_aggregate_function_add_parameter)     \
  X(duckdb_aggregate_function_set_destructor)    \
  X(duckdb_aggregate_function_set_functions)     \
  X(duckdb_aggregate_function_set_name)          \
  X(duckdb_aggregate_function_set_return_type)   \
  X(duckdb_bind_add_result_column)               \
  X(duckdb_bind_get_parameter)                   \
  X(duckdb_bind_set_bind_data)                   \
  X(duckdb_close)                                \
  X(duckdb_column_count)                         \
  X(duckdb_column_name)                          \
  X(duckdb_column_type)                          \
  X(duckdb_connect)                              \
  X(duckdb_create_aggregate_function)            \
  X(duckdb_create_config)                        \
  X(duckdb_create_logical_type)                  \
  X(duckdb_create_scalar_function)               \
  X(duckdb_create_table_function)                \
  X(duckdb_data_chunk_get_size)                  \
  X(duckdb_data_chunk_get_vector)                \
  X(duckdb_data_chunk_set_size)                  \
  X(duckdb_destroy_aggregate_function)           \
  X(duckdb_destroy_config)                       \
  X(duckdb_destroy_data_chunk)                   \
  X(duckdb_destroy_extracted)                    \
  X(duckdb_destroy_logical_type)                 \
  X(duckdb_destroy_pending)                      \
  X(duckdb_destroy_prepare)                      \
  X(duckdb_destroy_result)                       \
  X(duckdb_destroy_scalar_function)              \
  X(duckdb_destroy_table_function)               \
  X(duckdb_destroy_value)                        \
  X(duckdb_disconnect)                           \
  X(duckdb_execute_pending)                      \
  X(duckdb_extract_statements)                   \
  X(duckdb_extract_statements_error)             \
  X(duckdb_fetch_chunk)                          \
  X(duckdb_free)                                 \
  X(duckdb_function_get_bind_data)               \
  X(duckdb_get_uint64)                           \
  X(duckdb_init_set_max_threads)                 \
  X(duckdb_nparams)                              \
  X(duckdb_open_ext)                             \
  X(duckdb_pending_error)                        \
  X(duckdb_pending_prepared_streaming)           \
  X(duckdb_prepare)                              \
  X(duckdb_prepare_error)                        \
  X(duckdb_prepare_extracted_statement)          \
  X(duckdb_prepared_statement_column_count)      \
  X(duckdb_prepared_statement_column_name)       \
  X(duckdb_prepared_statement_column_type)       \
  X(duckdb_prepared_statement_type)              \
  X(duckdb_query)                                \
  X(duckdb_register_aggregate_function)          \
  X(duckdb_register_scalar_function)             \
  X(duckdb_register_table_function)              \
  X(duckdb_result_error)                         \
  X(duckdb_result_error_type)                    \
  X(duckdb_scalar_function_add_parameter)        \
  X(duckdb_scalar_function_get_extra_info)       \
  X(duckdb_scalar_function_set_extra_info)       \
  X(duckdb_scalar_function_set_function)         \
  X(duckdb_scalar_function_set_name)             \
  X(duckdb_scalar_function_set_return_type)      \
  X(duckdb_scalar_function_set_special_handling) \
  X(duckdb_set_config)                           \
  X(duckdb_table_function_add_parameter)         \
  X(duckdb_table_function_set_bind)              \
  X(duckdb_table_function_set_function)          \
  X(duckdb_table_function_set_init)              \
  X(duckdb_table_function_set_name)              \
  X(duckdb_validity_set_row_invalid)             \
  X(duckdb_vector_assign_string_element_len)     \
  X(duckdb_vector_ensure_validity_writable)      \
  X(duckdb_vector_get_data)                      \
  X(duckdb_vector_get_validity)                  \
  X(duckdb_vector_size)

#define RW_DECLARE(name) decltype(&::name) name = nullptr;
RW_DUCKDB_FUNCTIONS(RW_DECLARE)
#undef RW_DECLARE

// Beside the program, as built or as installed, and nowhere else: a path from the environment could bring any code, and
// the program's own search path is not used where a sanitizer stands between it and the loader.
void* open_library() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return nullptr;
  for (const char* place : {"lib", "../lib/rangewatch"}) {
    const std::filesystem::path path = program.parent_path() / place / "libduckdb.so";
    if (!std::filesystem::exists(path, error)) continue;
    return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  return nullptr;
}

std::string library_error() {
  const char* said = dlerror();
  return std::string("DuckDB's library (libduckdb.so) cannot be loaded: ") + (said == nullptr ? "not found" : said) +
         "; it belongs beside the program, in lib/ or ../lib/rangewatch/";
}

Result<void> load_library() {
  static const Result<void> loaded = []() -> Result<void> {
    void* library = open_library();
    if (library == nullptr) return Failure(ErrorCode::kNotFound, library_error());
#define RW_FIND(name)                                             \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #name)); \
  if (name == nullptr)                                            \
    return Failure(ErrorCode::kUnsupported, "DuckDB's library lacks " #name ": it is of another version");
    RW_DUCKDB_FUNCTIONS(RW_FIND)
#undef RW_FIND
    return {};
  }();
  return loaded;
}

// Owners of DuckDB's handles.
template <typename Handle, void (**destroy)(Handle*)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  ~Owned() { reset(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }
  void reset() {
    if (handle_ != nullptr) (*destroy)(&handle_);
    handle_ = nullptr;
  }

 private:
  Handle handle_ = nullptr;
};
using LogicalType = Owned<duckdb_logical_type, &duckdb_destroy_logical_type>;
using Statements = Owned<duckdb_extracted_statements, &duckdb_destroy_extracted>;
using Prepared = Owned<duckdb_prepared_statement, &duckdb_destroy_prepare>;
using DataChunk = Owned<duckdb_data_chunk, &duckdb_destroy_data_chunk>;
using Config = Owned<duckdb_config, &duckdb_destroy_config>;
using Pending = Owned<duckdb_pending_result, &duckdb_destroy_pending>;

struct QueryResult {
  duckdb_result value{};
  QueryResult() = default;
  QueryResult(const QueryResult&) = delete;
  QueryResult& operator=(const QueryResult&) = delete;
  ~QueryResult() { duckdb_destroy_result(&value); }
};

struct TypePair {
  Type ours;
  duckdb_type theirs;
};
constexpr TypePair kTypes[] = {
    {Type::kNull, DUCKDB_TYPE_SQLNULL},  {Type::kBool, DUCKDB_TYPE_BOOLEAN},  {Type::kI8, DUCKDB_TYPE_TINYINT},
    {Type::kI16, DUCKDB_TYPE_SMALLINT},  {Type::kI32, DUCKDB_TYPE_INTEGER},   {Type::kI64, DUCKDB_TYPE_BIGINT},
    {Type::kU8, DUCKDB_TYPE_UTINYINT},   {Type::kU16, DUCKDB_TYPE_USMALLINT}, {Type::kU32, DUCKDB_TYPE_UINTEGER},
    {Type::kU64, DUCKDB_TYPE_UBIGINT},   {Type::kHuge, DUCKDB_TYPE_HUGEINT},  {Type::kFloat, DUCKDB_TYPE_FLOAT},
    {Type::kDouble, DUCKDB_TYPE_DOUBLE}, {Type::kText, DUCKDB_TYPE_VARCHAR},  {Type::kTimestamp, DUCKDB_TYPE_TIMESTAMP},
    {Type::kDate, DUCKDB_TYPE_DATE},
};

Type type_of(duckdb_type theirs) {
  if (theirs == DUCKDB_TYPE_TIMESTAMP_TZ) return Type::kTimestamp;
  if (theirs == DUCKDB_TYPE_DECIMAL) return Type::kDecimal;
  for (const TypePair& pair : kTypes)
    if (pair.theirs == theirs) return pair.ours;
  return Type::kOther;
}

duckdb_type type_of(Type ours) {
  for (const TypePair& pair : kTypes)
    if (pair.ours == ours) return pair.theirs;
  return DUCKDB_TYPE_VARCHAR;
}

std::string_view string_at(const void* data, std::size_t row) {
  const auto* strings = static_cast<const duckdb_string_t*>(data);
  const duckdb_string_t& s = strings[row];
  return s.value.inlined.length <= 12 ? std::string_view(s.value.inlined.inlined, s.value.inlined.length)
                                      : std::string_view(s.value.pointer.ptr, s.value.pointer.length);
}

Vector view_of(duckdb_vector vector, Type type) {
  return {type, duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)};
}

void set_invalid(duckdb_vector vector, std::size_t row) {
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

// ---- scalar functions

class VectorOutput : public ScalarOutput {
 public:
  explicit VectorOutput(duckdb_vector vector) : vector_(vector), data_(duckdb_vector_get_data(vector)) {}
  void* data() override { return data_; }
  void set_text(std::size_t row, std::string_view text) override {
    if (text.size() > 12) return duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
    duckdb_string_t s{};  // short strings lie in the vector itself
    s.value.inlined.length = static_cast<std::uint32_t>(text.size());
    std::memcpy(s.value.inlined.inlined, text.data(), text.size());
    static_cast<duckdb_string_t*>(data_)[row] = s;
  }
  void set_null(std::size_t row) override { set_invalid(vector_, row); }

 private:
  duckdb_vector vector_;
  void* data_;
};

void call_scalar(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto* function = static_cast<const ScalarFunction*>(duckdb_scalar_function_get_extra_info(info));
  std::vector<Vector> arguments(function->parameters.size());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    arguments[i] = view_of(duckdb_data_chunk_get_vector(input, i), function->parameters[i]);
  VectorOutput out(output);
  function->call(Chunk{duckdb_data_chunk_get_size(input), arguments}, out);
}

// ---- the aggregate rw_distinct. A state is one pointer, null while nothing was counted.

struct DistinctState {
  DistinctCounter* counter;
};
DistinctState& distinct_state(duckdb_aggregate_state state) { return *reinterpret_cast<DistinctState*>(state); }
DistinctCounter& counter_of(DistinctState& state) {
  if (state.counter == nullptr) state.counter = new DistinctCounter;
  return *state.counter;
}

idx_t distinct_size(duckdb_function_info) { return sizeof(DistinctState); }
void distinct_init(duckdb_function_info, duckdb_aggregate_state state) { new (state) DistinctState{nullptr}; }
void distinct_update(duckdb_function_info, duckdb_data_chunk input, duckdb_aggregate_state* states) {
  const Vector hashes = view_of(duckdb_data_chunk_get_vector(input, 0), Type::kU64);
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t i = 0; i < rows; ++i)
    if (!hashes.is_null(i)) counter_of(distinct_state(states[i])).add(hashes.values<std::uint64_t>()[i]);
}
void distinct_combine(duckdb_function_info, duckdb_aggregate_state* from, duckdb_aggregate_state* into, idx_t count) {
  for (idx_t i = 0; i < count; ++i)
    if (const DistinctCounter* counter = distinct_state(from[i]).counter; counter != nullptr)
      counter_of(distinct_state(into[i])).merge(*counter);
}
void distinct_finalize(duckdb_function_info, duckdb_aggregate_state* states, duckdb_vector result, idx_t count,
                       idx_t offset) {
  auto* out = static_cast<std::int64_t*>(duckdb_vector_get_data(result));
  for (idx_t i = 0; i < count; ++i) {
    const DistinctCounter* counter = distinct_state(states[i]).counter;
    out[offset + i] = counter == nullptr ? 0 : static_cast<std::int64_t>(counter->count());
  }
}
void distinct_destroy(duckdb_aggregate_state* states, idx_t count) {
  for (idx_t i = 0; i < count; ++i) {
    delete distinct_state(states[i]).counter;
    distinct_state(states[i]).counter = nullptr;
  }
}

// ---- the table function that feeds COPY: feed(address of a FeedRun). The address never leaves this file.

struct FeedRun {
  const Feed* feed;
  std::size_t capacity;
};

class ChunkFeedWriter : public FeedWriter {
 public:
  ChunkFeedWriter(duckdb_data_chunk chunk, std::size_t columns) : columns_(columns) {
    for (std::size_t i = 0; i < columns; ++i) {
      columns_[i].vector = duckdb_data_chunk_get_vector(chunk, i);
      columns_[i].data = duckdb_vector_get_data(columns_[i].vector);
    }
  }
  void* data(std::size_t column) override { return columns_[column].data; }
  void set_null(std::size_t column, std::size_t row) override { set_invalid(columns_[column].vector, row); }
  void set_text(std::size_t column, std::size_t row, std::string_view text) override {
    duckdb_vector_assign_string_element_len(columns_[column].vector, row, text.data(), text.size());
  }
  void set_dictionary(std::size_t column, std::span<const std::string_view> dictionary,
                      std::span<const std::uint32_t> codes) override {
    // Long strings are copied once per chunk and then shared by every row that has them.
    auto* strings = static_cast<duckdb_string_t*>(columns_[column].data);
    seen_.assign(dictionary.size(), UINT32_MAX);
    for (std::size_t row = 0; row < codes.size(); ++row) {
      std::uint32_t& first = seen_[codes[row]];
      if (first == UINT32_MAX) {
        first = static_cast<std::uint32_t>(row);
        set_text(column, row, dictionary[codes[row]]);
      } else {
        strings[row] = strings[first];
      }
    }
  }

 private:
  struct Out {
    duckdb_vector vector;
    void* data;
  };
  std::vector<Out> columns_;
  std::vector<std::uint32_t> seen_;
};

void feed_bind(duckdb_bind_info info) {
  duckdb_value value = duckdb_bind_get_parameter(info, 0);
  const auto* run = reinterpret_cast<const FeedRun*>(duckdb_get_uint64(value));  // NOLINT(performance-no-int-to-ptr)
  duckdb_destroy_value(&value);
  for (const FeedColumn& column : run->feed->columns) {
    LogicalType type(duckdb_create_logical_type(type_of(column.type)));
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, const_cast<FeedRun*>(run), [](void*) {});
}

void feed_init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

void feed_call(duckdb_function_info info, duckdb_data_chunk output) {
  const auto* run = static_cast<const FeedRun*>(duckdb_function_get_bind_data(info));
  ChunkFeedWriter writer(output, run->feed->columns.size());
  duckdb_data_chunk_set_size(output, run->feed->fill(writer, run->capacity));
}

Failure failure_of(duckdb_error_type type, const char* message) {
  std::string text = message == nullptr ? "DuckDB failed and did not say why" : message;
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY: return {ErrorCode::kLimit, text + "\nRaise --memory, or ask for a shorter time."};
    case DUCKDB_ERROR_IO: return {ErrorCode::kIo, std::move(text)};
    case DUCKDB_ERROR_PARSER:
    case DUCKDB_ERROR_SYNTAX:
    case DUCKDB_ERROR_BINDER:
    case DUCKDB_ERROR_CATALOG:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_INVALID_TYPE:
    case DUCKDB_ERROR_MISMATCH_TYPE:
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_PERMISSION: return {ErrorCode::kUsage, std::move(text)};
    default: return {ErrorCode::kInternal, std::move(text)};
  }
}

class DuckConnection : public Connection {
 public:
  ~DuckConnection() override { duckdb_disconnect(&connection_); }

  static Result<std::unique_ptr<DuckConnection>> connect(duckdb_database database) {
    auto made = std::make_unique<DuckConnection>();
    if (duckdb_connect(database, &made->connection_) == DuckDBError)
      return Failure(ErrorCode::kInternal, "DuckDB gave no connection");
    return made;
  }

  Result<void> execute(std::string_view sql) override {
    QueryResult result;
    if (duckdb_query(connection_, std::string(sql).c_str(), &result.value) == DuckDBError)
      return failure_of(duckdb_result_error_type(&result.value), duckdb_result_error(&result.value));
    return {};
  }

  Result<void> query(std::string_view sql, const std::function<bool(std::span<const ResultColumn>)>& head,
                     const std::function<bool(const Chunk&)>& chunk) override {
    Prepared prepared;
    if (duckdb_prepare(connection_, std::string(sql).c_str(), prepared.out()) == DuckDBError)
      return failure_of(DUCKDB_ERROR_BINDER, duckdb_prepare_error(prepared.get()));
    Pending pending;
    if (duckdb_pending_prepared_streaming(prepared.get(), pending.out()) == DuckDBError)
      return failure_of(DUCKDB_ERROR_BINDER, duckdb_pending_error(pending.get()));
    QueryResult result;
    if (duckdb_execute_pending(pending.get(), &result.value) == DuckDBError)
      return failure_of(duckdb_result_error_type(&result.value), duckdb_result_error(&result.value));
    const std::vector<ResultColumn> columns = columns_of(result);
    if (head && !head(columns)) return {};
    return fetch(result, columns, chunk);
  }

  Result<std::vector<ResultColumn>> check_one_select(std::string_view sql) override {
    Statements statements;
    const idx_t count = duckdb_extract_statements(connection_, std::string(sql).c_str(), statements.out());
    if (count == 0) {
      const char* why = duckdb_extract_statements_error(statements.get());
      return Failure(ErrorCode::kUsage, why != nullptr ? why : "there is no statement; give one SELECT");
    }
    if (count > 1) return Failure(ErrorCode::kUsage, "there is more than one statement; give exactly one SELECT");
    RW_TRY(check_tree(sql));
    Prepared prepared;
    if (duckdb_prepare_extracted_statement(connection_, statements.get(), 0, prepared.out()) == DuckDBError)
      return failure_of(DUCKDB_ERROR_BINDER, duckdb_prepare_error(prepared.get()));
    if (duckdb_prepared_statement_type(prepared.get()) != DUCKDB_STATEMENT_TYPE_SELECT) return only_select();
    if (duckdb_nparams(prepared.get()) > 0)
      return Failure(ErrorCode::kUsage, "the SELECT has parameters; write the values");
    std::vector<ResultColumn> columns(duckdb_prepared_statement_column_count(prepared.get()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const char* name = duckdb_prepared_statement_column_name(prepared.get(), i);
      columns[i] = {name, type_of(duckdb_prepared_statement_column_type(prepared.get(), i))};
      duckdb_free(const_cast<char*>(name));
    }
    return columns;
  }

  Result<void> add_distinct() override {
    duckdb_aggregate_function made = duckdb_create_aggregate_function();
    duckdb_aggregate_function_set_name(made, "rw_distinct");
    LogicalType hash(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
    LogicalType result(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    duckdb_aggregate_function_add_parameter(made, hash.get());
    duckdb_aggregate_function_set_return_type(made, result.get());
    duckdb_aggregate_function_set_functions(made, distinct_size, distinct_init, distinct_update, distinct_combine,
                                            distinct_finalize);
    duckdb_aggregate_function_set_destructor(made, distinct_destroy);
    const duckdb_state state = duckdb_register_aggregate_function(connection_, made);
    duckdb_destroy_aggregate_function(&made);
    if (state == DuckDBError) return Failure(ErrorCode::kInternal, "DuckDB refused the aggregate rw_distinct");
    return {};
  }

  Result<void> add_function(const ScalarFunction& function) override {
    duckdb_scalar_function made = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(made, function.name.c_str());
    for (const Type parameter : function.parameters) {
      LogicalType type(duckdb_create_logical_type(type_of(parameter)));
      duckdb_scalar_function_add_parameter(made, type.get());
    }
    LogicalType type(duckdb_create_logical_type(type_of(function.result)));
    duckdb_scalar_function_set_return_type(made, type.get());
    duckdb_scalar_function_set_special_handling(made);  // rows with nulls reach the function
    duckdb_scalar_function_set_extra_info(made, new ScalarFunction(function),
                                          [](void* owned) { delete static_cast<ScalarFunction*>(owned); });
    duckdb_scalar_function_set_function(made, call_scalar);
    const duckdb_state state = duckdb_register_scalar_function(connection_, made);
    duckdb_destroy_scalar_function(&made);
    if (state == DuckDBError) return Failure(ErrorCode::kInternal, "DuckDB refused the function " + function.name);
    return {};
  }

  Result<void> write_parquet(const Feed& feed, const std::string& path, std::string_view options) override {
    const FeedRun run{&feed, duckdb_vector_size()};
    std::string sql = "COPY (SELECT * FROM rw_feed(" + std::to_string(reinterpret_cast<std::uintptr_t>(&run)) +
                      "::UBIGINT)) TO " + quote_text(path) + " (FORMAT parquet";
    if (!options.empty()) sql.append(", ").append(options);
    return execute(sql += ")");
  }

  Result<void> add_feed() {
    duckdb_table_function made = duckdb_create_table_function();
    duckdb_table_function_set_name(made, "rw_feed");
    LogicalType type(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
    duckdb_table_function_add_parameter(made, type.get());
    duckdb_table_function_set_bind(made, feed_bind);
    duckdb_table_function_set_init(made, feed_init);
    duckdb_table_function_set_function(made, feed_call);
    const duckdb_state state = duckdb_register_table_function(connection_, made);
    duckdb_destroy_table_function(&made);
    if (state == DuckDBError) return Failure(ErrorCode::kInternal, "DuckDB refused the feeding function");
    return {};
  }

 private:
  static Failure only_select() {
    return {ErrorCode::kUsage, "only a SELECT can be run here: the lake changes by ingest, compact and drop alone"};
  }

  // Looks at the parsed statement: it must be a SELECT, and of DuckDB's table functions (which read files, memory and
  // settings) only some that make rows out of their arguments.
  Result<void> check_tree(std::string_view sql) {
    static constexpr std::string_view kHarmless[] = {"range",  "generate_series", "unnest",
                                                     "repeat", "json_each",       "json_tree"};
    std::string tree;
    RW_TRY(query("SELECT json_serialize_sql(" + quote_text(sql) + ")", nullptr, [&tree](const Chunk& chunk) {
      tree = chunk.columns[0].text(0);
      return false;
    }));
    if (tree.starts_with("{\"error\":true")) return only_select();
    // Quotes inside the tree's strings are escaped, so that these two keys can not come from a literal.
    constexpr std::string_view kFunction = "\"type\":\"TABLE_FUNCTION\"";
    constexpr std::string_view kName = "\"function_name\":\"";
    for (std::size_t at = tree.find(kFunction); at != std::string::npos; at = tree.find(kFunction, at + 1)) {
      const std::size_t begin = tree.find(kName, at);
      if (begin == std::string::npos) return only_select();
      const std::size_t name = begin + kName.size();
      const std::string_view called = std::string_view(tree).substr(name, tree.find('"', name) - name);
      if (std::find(std::begin(kHarmless), std::end(kHarmless), called) == std::end(kHarmless))
        return Failure(ErrorCode::kUsage, "the function " + std::string(called) +
                                              " is not available here; select from the lake's tables by name");
    }
    return {};
  }

  static std::vector<ResultColumn> columns_of(QueryResult& result) {
    std::vector<ResultColumn> columns(duckdb_column_count(&result.value));
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i] = {duckdb_column_name(&result.value, i), type_of(duckdb_column_type(&result.value, i))};
    return columns;
  }

  static Result<void> fetch(QueryResult& result, std::span<const ResultColumn> columns,
                            const std::function<bool(const Chunk&)>& chunk) {
    std::vector<Vector> vectors(columns.size());
    for (;;) {
      DataChunk fetched(duckdb_fetch_chunk(result.value));
      if (fetched.get() == nullptr) break;
      const std::size_t rows = duckdb_data_chunk_get_size(fetched.get());
      if (rows == 0) break;
      for (std::size_t i = 0; i < vectors.size(); ++i)
        vectors[i] = view_of(duckdb_data_chunk_get_vector(fetched.get(), i), columns[i].type);
      if (!chunk(Chunk{rows, vectors})) return {};
    }
    if (const char* error = duckdb_result_error(&result.value); error != nullptr && *error != '\0')
      return failure_of(duckdb_result_error_type(&result.value), error);
    return {};
  }

  duckdb_connection connection_ = nullptr;
};

class DuckEngine : public Engine {
 public:
  ~DuckEngine() override { duckdb_close(&database_); }

  Result<std::unique_ptr<Connection>> connect() override {
    RW_ASSIGN(auto made, DuckConnection::connect(database_));
    return std::unique_ptr<Connection>(std::move(made));
  }

  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options) {
    RW_TRY(load_library());
    auto engine = std::make_unique<DuckEngine>();
    Config config;
    if (duckdb_create_config(config.out()) == DuckDBError)
      return Failure(ErrorCode::kInternal, "DuckDB gave no configuration");
    const std::pair<const char*, std::string> settings[] = {
        {"threads", std::to_string(std::max(1u, options.threads))},
        {"memory_limit", std::to_string(options.memory_bytes) + "B"},
        {"preserve_insertion_order", "false"},
        {"temp_directory", options.temp_directory},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"allow_unsigned_extensions", "false"},
    };
    for (const auto& [name, value] : settings)
      if (duckdb_set_config(config.get(), name, value.c_str()) == DuckDBError)
        return Failure(ErrorCode::kInternal, std::string("DuckDB refused the setting ") + name);
    char* message = nullptr;
    if (duckdb_open_ext(nullptr, &engine->database_, config.get(), &message) == DuckDBError) {
      Failure failure(ErrorCode::kInternal,
                      std::string("DuckDB did not start: ") + (message != nullptr ? message : ""));
      duckdb_free(message);
      return failure;
    }
    RW_TRY(engine->lock(options));
    return std::unique_ptr<Engine>(std::move(engine));
  }

 private:
  Result<void> lock(const EngineOptions& options) {
    RW_ASSIGN(auto connection, DuckConnection::connect(database_));
    if (options.feeds) RW_TRY(connection->add_feed());
    std::string sql;
    const auto allow = [&sql](const char* setting, const std::vector<std::string>& paths) {
      if (paths.empty()) return;
      (sql += "SET ") += setting;
      sql += "=[";
      for (const std::string& path : paths) sql += quote_text(path) + ",";
      sql.back() = ']';
      sql += ';';
    };
    allow("allowed_directories", options.readable_directories);
    allow("allowed_paths", options.readable_files);
    return connection->execute(sql += "SET enable_external_access=false; SET lock_configuration=true;");
  }

  duckdb_database database_ = nullptr;
};

}  // namespace

std::string_view Vector::text(std::size_t row) const { return string_at(data, row); }

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) { return DuckEngine::open(options); }

namespace {
std::string quote(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out += mark;
    if (c != '\0') out += c;
  }
  return out += mark;
}
}  // namespace

std::string quote_text(std::string_view text) { return quote(text, '\''); }
std::string quote_name(std::string_view name) { return quote(name, '"'); }

}  // namespace rw::duck
