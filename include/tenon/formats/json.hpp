#pragma once

#include "tenon/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0 {

/// How large a JSON text may be; beyond it reading is a `resource` error.
struct json_limits {
  std::size_t max_bytes = std::size_t{1} << 30;
  std::size_t max_values = 20'000'000;
  int max_depth = 200;
};

class json_document;

/// A value of a document, which must outlive it. Cheap to copy.
class json_value {
 public:
  enum class kind : unsigned char { null, boolean, number, text, array, object };

  json_value(const json_document& document, std::uint32_t at) : document_(&document), at_(at) {}

  kind what() const;

  bool is(kind k) const { return what() == k; }

  /// The name under which an object holds this value; empty elsewhere.
  std::string_view key() const;

  /// The characters of a text, the digits of a number.
  std::string_view text() const;

  /// The number when it is written as an integer and fits.
  std::optional<std::int64_t> integer() const;

  std::optional<double> number() const;

  std::optional<bool> boolean() const;

  /// The first element of an array or member of an object.
  std::optional<json_value> first() const;

  /// What follows this value in its array or object.
  std::optional<json_value> next() const;

  /// The first member of that name; nothing for what is no object.
  std::optional<json_value> find(std::string_view name) const;

 private:
  const json_document* document_;
  std::uint32_t at_;
};

/// `null`, `a boolean`, `a number`, ... for messages.
std::string_view describe(json_value::kind k);

/// A JSON text (RFC 8259) as a table of values.
class json_document {
 public:
  /// Reads a whole text, which must outlive the document; errors name the byte.
  static result<json_document> parse(std::string_view text, const json_limits& limits = {});

  json_value root() const { return {*this, 0}; }

 private:
  friend class json_value;
  friend class json_reader;

  struct row {
    std::string_view key, text;
    std::uint32_t child = 0, next = 0;  ///< 0: none
    json_value::kind what = json_value::kind::null;
    bool is_true = false;
  };

  std::vector<row> rows_;
  std::deque<std::string> decoded_;  ///< texts that had escapes
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_json.hpp"
#endif
