#include <tenon/tenon.hpp>

const char* version_of_other() {
  return TENON_VERSION;
}

bool loads_in_other(const char* path) {
  return tenon::load_onnx(path).has_value();
}
