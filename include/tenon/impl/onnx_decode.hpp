#pragma once

#include "tenon/formats/onnx/schema.hpp"

#include <memory>

namespace tenon::inline v0::onnx {

namespace decode_detail {

inline void read(wire_reader& in, string_pair& out);
inline void read(wire_reader& in, tensor_proto& out);
inline void read(wire_reader& in, sparse_tensor_proto& out);
inline void read(wire_reader& in, dimension_proto& out);
inline void read(wire_reader& in, type_proto& out);
inline void read(wire_reader& in, value_info_proto& out);
inline void read(wire_reader& in, attribute_proto& out);
inline void read(wire_reader& in, node_proto& out);
inline void read(wire_reader& in, graph_proto& out);
inline void read(wire_reader& in, opset_proto& out);
inline void read(wire_reader& in, function_proto& out);
inline void read(wire_reader& in, value_proto& out);

/// Reads one item into the back of a repeated message field.
template <class T> void read_item(wire_reader& in, std::string_view name, std::vector<T>& out) {
  const std::size_t index = out.size();
  out.emplace_back();
  in.message(
      name, [&](wire_reader& inner) { read(inner, out.back()); }, index);
}

/// Reads a message field that may be absent; a repeated one is merged, as protobuf does.
template <class T>
void read_owned(wire_reader& in, std::string_view name, std::unique_ptr<T>& out) {
  if (!out) out = std::make_unique<T>();
  in.message(name, [&](wire_reader& inner) { read(inner, *out); });
}

/// Counts the nesting of graphs and types; false when it is too deep.
inline bool enter(wire_reader& in) {
  if (++in.state().depth <= wire_state::max_depth) return true;
  return in.complain(cat("graphs or types are nested deeper than ", wire_state::max_depth));
}

inline void read(wire_reader& in, string_pair& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.first = in.text();
        break;
      case 2:
        out.second = in.text();
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, tensor_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        in.integers(out.dims);
        break;
      case 2:
        out.data_type = static_cast<std::int32_t>(in.integer());
        break;
      case 3:
        out.is_segment = true;
        in.skip();
        break;
      case 4:
        in.floats(out.float_data);
        break;
      case 5:
        in.integers(out.int32_data);
        break;
      case 6:
        out.string_data.push_back(in.text());
        break;
      case 7:
        in.integers(out.int64_data);
        break;
      case 8:
        out.name = in.text();
        break;
      case 9:
        out.raw_data = in.text();
        break;
      case 10:
        in.floats(out.double_data);
        break;
      case 11:
        in.integers(out.uint64_data);
        break;
      case 13:
        read_item(in, "external_data", out.external_data);
        break;
      case 14:
        out.is_external = in.integer() == 1;
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, sparse_tensor_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        in.message("values", [&](wire_reader& inner) { read(inner, out.values); });
        break;
      case 2:
        in.message("indices", [&](wire_reader& inner) { read(inner, out.indices); });
        break;
      case 3:
        in.integers(out.dims);
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, dimension_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.value = in.integer();
        break;
      case 2:
        out.param = in.text();
        break;
      default:
        in.skip();
    }
}

/// Tensor, sparse tensor, sequence, optional or map inside a type: element type and shape, or element.
inline void read_member(wire_reader& in, type_proto& out, type_proto::kind what) {
  out.what = what;
  const bool is_leaf = what == type_proto::kind::tensor || what == type_proto::kind::sparse;
  const std::uint32_t element_field = what == type_proto::kind::map ? 2 : 1;
  in.message("type", [&](wire_reader& member) {
    while (member.next()) {
      if (is_leaf && member.field() == 1) {
        out.elem_type = static_cast<std::int32_t>(member.integer());
      } else if (is_leaf && member.field() == 2) {
        out.has_shape = true;
        member.message("shape", [&](wire_reader& shape) {
          while (shape.next())
            shape.field() == 1 ? read_item(shape, "dim", out.shape) : shape.skip();
        });
      } else if (!is_leaf && what != type_proto::kind::opaque && member.field() == element_field) {
        read_owned(member, "elem_type", out.element);
      } else {
        member.skip();
      }
    }
  });
}

inline void read(wire_reader& in, type_proto& out) {
  using kind = type_proto::kind;
  constexpr kind by_field[] = {kind::none,     kind::tensor,  kind::none, kind::none,
                               kind::sequence, kind::map,     kind::none, kind::opaque,
                               kind::sparse,   kind::optional};
  if (!enter(in)) return;
  while (in.next()) {
    const std::uint32_t f = in.field();
    if (f < std::size(by_field) && by_field[f] != kind::none)
      read_member(in, out, by_field[f]);
    else
      in.skip();
  }
  --in.state().depth;
}

inline void read(wire_reader& in, value_info_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.name = in.text();
        break;
      case 2:
        in.message("type", [&](wire_reader& inner) { read(inner, out.type); });
        break;
      default:
        in.skip();
    }
}

/// The fields of an attribute that hold one value; false for any other.
inline bool read_single(wire_reader& in, attribute_proto& out) {
  switch (in.field()) {
    case 1:
      out.name = in.text();
      return true;
    case 2:
      out.f = in.f32();
      return true;
    case 3:
      out.i = in.integer();
      return true;
    case 4:
      out.s = in.text();
      return true;
    case 5:
      read_owned(in, "t", out.t);
      return true;
    case 6:
      read_owned(in, "g", out.g);
      return true;
    case 14:
      read_owned(in, "tp", out.tp);
      return true;
    case 21:
      out.ref_attr_name = in.text();
      return true;
    case 22:
      read_owned(in, "sparse_tensor", out.sparse);
      return true;
    default:
      return false;
  }
}

/// The kind of an attribute from the fields it has, for files that do not say it.
inline attribute_proto::kind kind_of_fields(const attribute_proto& a, unsigned seen) {
  using kind = attribute_proto::kind;
  if (a.t) return kind::t;
  if (a.g) return kind::g;
  if (a.sparse) return kind::sparse;
  if (a.tp) return kind::type;
  if (!a.floats.empty()) return kind::floats;
  if (!a.ints.empty()) return kind::ints;
  if (!a.strings.empty()) return kind::strings;
  if (!a.tensors.empty()) return kind::tensors;
  if (seen & 1U << 2) return kind::f;
  if (seen & 1U << 3) return kind::i;
  if (seen & 1U << 4) return kind::s;
  return kind::undefined;
}

inline void read(wire_reader& in, attribute_proto& out) {
  unsigned seen = 0;
  while (in.next()) {
    if (in.field() < 32) seen |= 1U << in.field();
    if (read_single(in, out)) continue;
    switch (in.field()) {
      case 7:
        in.floats(out.floats);
        break;
      case 8:
        in.integers(out.ints);
        break;
      case 9:
        out.strings.push_back(in.text());
        break;
      case 10:
        read_item(in, "tensors", out.tensors);
        break;
      case 20: {
        const std::int64_t type = in.integer();
        if (type < 0 || type > 14) in.complain(cat("attribute type ", type, " is unknown"));
        out.type = static_cast<attribute_proto::kind>(type & 15);
        break;
      }
      default:
        in.skip();
    }
  }
  if (out.type == attribute_proto::kind::undefined) out.type = kind_of_fields(out, seen);
}

inline void read(wire_reader& in, node_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.inputs.push_back(in.text());
        break;
      case 2:
        out.outputs.push_back(in.text());
        break;
      case 3:
        out.name = in.text();
        break;
      case 4:
        out.op_type = in.text();
        break;
      case 5:
        read_item(in, "attribute", out.attributes);
        break;
      case 6:
        out.doc = in.text();
        break;
      case 7:
        out.domain = in.text();
        break;
      case 8:
        out.overload = in.text();
        break;
      case 9:
        read_item(in, "metadata_props", out.metadata);
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, graph_proto& out) {
  if (!enter(in)) return;
  while (in.next()) switch (in.field()) {
      case 1:
        read_item(in, "node", out.nodes);
        break;
      case 2:
        out.name = in.text();
        break;
      case 5:
        read_item(in, "initializer", out.initializers);
        break;
      case 10:
        out.doc = in.text();
        break;
      case 11:
        read_item(in, "input", out.inputs);
        break;
      case 12:
        read_item(in, "output", out.outputs);
        break;
      case 13:
        read_item(in, "value_info", out.value_infos);
        break;
      case 15:
        read_item(in, "sparse_initializer", out.sparse_initializers);
        break;
      default:
        in.skip();
    }
  --in.state().depth;
}

inline void read(wire_reader& in, opset_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.domain = in.text();
        break;
      case 2:
        out.version = in.integer();
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, function_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.name = in.text();
        break;
      case 4:
        out.inputs.push_back(in.text());
        break;
      case 5:
        out.outputs.push_back(in.text());
        break;
      case 6:
        out.attributes.push_back(in.text());
        break;
      case 7:
        read_item(in, "node", out.nodes);
        break;
      case 9:
        read_item(in, "opset_import", out.opsets);
        break;
      case 10:
        out.domain = in.text();
        break;
      case 11:
        read_item(in, "attribute_proto", out.default_attributes);
        break;
      case 13:
        out.overload = in.text();
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, model_proto& out) {
  while (in.next()) switch (in.field()) {
      case 1:
        out.ir_version = in.integer();
        break;
      case 2:
        out.producer_name = in.text();
        break;
      case 3:
        out.producer_version = in.text();
        break;
      case 4:
        out.domain = in.text();
        break;
      case 6:
        out.doc = in.text();
        break;
      case 7:
        read_owned(in, "graph", out.graph);
        break;
      case 8:
        read_item(in, "opset_import", out.opsets);
        break;
      case 14:
        read_item(in, "metadata_props", out.metadata);
        break;
      case 20:
        out.has_training_info = true;
        in.skip();
        break;
      case 25:
        read_item(in, "functions", out.functions);
        break;
      default:
        in.skip();
    }
}

inline void read(wire_reader& in, value_proto& out) {
  if (!enter(in)) return;
  while (in.next()) switch (in.field()) {
      case 1:
        out.name = in.text();
        break;
      case 2:
        out.elem_type = static_cast<std::int32_t>(in.integer());
        break;
      case 3:
        read_item(in, "tensor", out.tensors);
        break;
      case 5:
      case 7:
        read_item(in, "sequence", out.sequences);
        break;
      default:
        in.skip();
    }
  --in.state().depth;
}

template <class T> result<T> decode(std::span<const std::byte> bytes) {
  wire_state state;
  state.begin = bytes.data();
  T out;
  wire_reader in(bytes, state);
  read(in, out);
  if (state.failure) return *std::move(state.failure);
  return out;
}

}  // namespace decode_detail

TENON_INLINE result<model_proto> decode_model(std::span<const std::byte> bytes) {
  return decode_detail::decode<model_proto>(bytes);
}

TENON_INLINE result<tensor_proto> decode_tensor(std::span<const std::byte> bytes) {
  return decode_detail::decode<tensor_proto>(bytes);
}

TENON_INLINE result<value_proto> decode_value(std::span<const std::byte> bytes) {
  return decode_detail::decode<value_proto>(bytes);
}

}  // namespace tenon::inline v0::onnx
