// Where AWS credentials come from: given, environment, shared files, container, instance role; the
// chain over all of them, cached and renewed before they end. And the region, by a chain of its
// own.
//
// Order and names as in "Standardized credential providers", AWS SDKs and Tools Reference Guide.
// Thread contract: free-threaded. Callbacks run exactly once, on the caller's thread where nothing
// has to be asked over the network, else where the HttpClient calls back.
#pragma once

#include <deque>

#include "net/aws/imds.h"
#include "net/aws/profile.h"

namespace kansoku::net::aws {

class CredentialsProvider {
 public:
  using Callback = std::move_only_function<void(Result<Credentials>)>;
  virtual ~CredentialsProvider() = default;
  // NotFound: not configured here, ask the next one. Any other error: configured, but failed.
  virtual void get(Callback callback) = 0;
  // The service refused them as expired: whatever is cached is of no use.
  virtual void invalidate() {}
};
using CredentialsProviderPtr = std::shared_ptr<CredentialsProvider>;

CredentialsProviderPtr static_credentials(Credentials credentials);
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
CredentialsProviderPtr environment_credentials(Doors doors);
// Keys in the profile. A profile that wants a role, SSO or a process is refused by name.
CredentialsProviderPtr profile_credentials(Doors doors, ProfileOptions options = {});
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (https, loopback or the known addresses
// only), with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN.
CredentialsProviderPtr container_credentials(Doors doors);
CredentialsProviderPtr instance_credentials(std::shared_ptr<ImdsClient> imds);
// The first that is configured decides.
CredentialsProviderPtr chain_credentials(std::vector<CredentialsProviderPtr> providers);

struct CacheOptions {
  // Asked anew so long before the end, in the background while the old ones still hold.
  int64_t refresh_before_s = 300;
  // Credentials without an end are read again when so old: files are rotated by hand.
  int64_t age_max_s = 600;
  // After a failed renewal the next try comes no earlier.
  int64_t retry_after_s = 30;
};
CredentialsProviderPtr cached_credentials(CredentialsProviderPtr provider, Doors doors,
                                          CacheOptions options = {});

// The whole of it, as every AWS tool does it.
CredentialsProviderPtr default_credentials(Doors doors, std::shared_ptr<ImdsClient> imds,
                                           ProfileOptions options = {});

// `configured`, AWS_REGION, AWS_DEFAULT_REGION, the profile, instance metadata. NotFound at the
// end.
void find_region(const Doors& doors, std::shared_ptr<ImdsClient> imds, std::string configured,
                 const ProfileOptions& options, ImdsClient::Callback<std::string> callback);

}  // namespace kansoku::net::aws
