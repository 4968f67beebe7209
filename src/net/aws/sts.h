// Credentials that AWS STS gives for a role: AssumeRole with other credentials, and with the web
// identity token of a Kubernetes service account (IRSA).
//
// Source: AWS STS API Reference, 2011-06-15. Asked first in the role's region, then in the first
// region of its partition, as the CloudWatch agent does. Not cached here; see cached_credentials().
#pragma once

#include "net/aws/credentials.h"

namespace kansoku::net::aws {

struct AssumeRoleOptions {
  std::string role_arn;
  std::string session_name = "kansoku";
  std::string external_id;
  std::string region;
  std::string endpoint;  // empty: AWS_ENDPOINT_URL_STS, else the region's
  int64_t duration_s = 3'600;
};

// AMZ_SOURCE_ACCOUNT and AMZ_SOURCE_ARN, where both are set, go along against confused deputies.
CredentialsProviderPtr assume_role_credentials(Doors doors, CredentialsProviderPtr base,
                                               AssumeRoleOptions options);

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME; the file is read at each
// request. NotFound where they are not set.
CredentialsProviderPtr web_identity_credentials(Doors doors);

}  // namespace kansoku::net::aws
