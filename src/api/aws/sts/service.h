// STS as a table for the dispatcher.
#pragma once

#include <memory>

#include "api/aws/operation.h"

namespace kansoku::api::aws::sts {

std::unique_ptr<ServiceTable> service_table();

}  // namespace kansoku::api::aws::sts
