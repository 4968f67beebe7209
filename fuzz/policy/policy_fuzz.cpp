// IAM policies: any bytes are parsed or refused; what was parsed can be evaluated.
#include "net/auth/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::net::auth;
  auto policy = Policy::parse({reinterpret_cast<const char*>(data), size});
  if (!policy) return 0;
  ConditionValue context[] = {{"aws:SourceIp", "10.0.0.1"}, {"cloudwatch:namespace", "N"}};
  (*policy)->evaluate({"cloudwatch:PutMetricData", "arn:aws:cloudwatch:r:1:alarm:a", context});
  return 0;
}
