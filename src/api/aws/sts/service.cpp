#include "api/aws/sts/service.h"

#include "api/aws/errors.h"
#include "wire/aws/sts/shapes.h"

namespace kansoku::api::aws::sts {
namespace {

namespace shapes = kansoku::aws::sts;

constexpr Protocol kProtocols[] = {Protocol::Query};

void get_caller_identity(const std::shared_ptr<OperationContext>& context,
                         const shapes::GetCallerIdentityRequest&,
                         TypedReply<shapes::GetCallerIdentityResponse> reply) {
  shapes::GetCallerIdentityResponse response;
  response.user_id = context->principal->user_id;
  response.account = context->principal->account;
  response.arn = context->principal->arn;
  reply(std::move(response));
}

AwsError violations_error(const std::vector<Violation>& violations) {
  return validation_error(kansoku::aws::violations_message(violations));
}

}  // namespace

std::unique_ptr<ServiceTable> service_table() {
  auto table = std::make_unique<ServiceTable>();
  table->service = {.name = "sts",
                    .shape = "AWSSecurityTokenServiceV20110615",
                    .version = "2011-06-15",
                    .xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/",
                    .error_namespace = "com.amazonaws.sts"};
  table->action_prefix = "sts";
  table->shapes = shapes::operation_shapes();
  table->protocols = kProtocols;
  table->violations_error = violations_error;
  table->operations.push_back(
      {.name = "GetCallerIdentity",
       .action = "sts:GetCallerIdentity",
       .handler =
           typed_handler<shapes::GetCallerIdentityRequest, shapes::GetCallerIdentityResponse>(
               get_caller_identity),
       .without_permission = true});
  return table;
}

}  // namespace kansoku::api::aws::sts
