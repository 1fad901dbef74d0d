import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import de.captaingoldfish.scim.sdk.client.ScimClientConfig;
import de.captaingoldfish.scim.sdk.client.ScimRequestBuilder;
import de.captaingoldfish.scim.sdk.client.response.ServerResponse;
import de.captaingoldfish.scim.sdk.common.constants.enums.Comparator;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.constants.enums.PatchOp;
import de.captaingoldfish.scim.sdk.common.resources.Group;
import de.captaingoldfish.scim.sdk.common.resources.ServiceProvider;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Email;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Member;
import de.captaingoldfish.scim.sdk.common.response.BulkResponse;
import de.captaingoldfish.scim.sdk.common.response.ListResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** SCIM-SDK's client: what its builders send, and what it makes of the answers. */
public final class ScimSdk {
  private static final String MARK = UUID.randomUUID().toString().substring(0, 8);

  private interface Check {
    void run() throws Exception;
  }

  private static void check(String name, Check check) {
    try {
      check.run();
      System.out.println("PASS " + name);
    } catch (Throwable error) {
      System.out.println("FAIL " + name + " | " + why(error).replace('\n', ' '));
    }
  }

  private static String why(Throwable error) {
    Throwable cause = error.getCause();
    return cause == null || cause == error ? String.valueOf(error) : error + ", because: " + why(cause);
  }

  private static void ensure(boolean holds, Object about) {
    if (!holds) {
      throw new IllegalStateException(String.valueOf(about));
    }
  }

  private static <T extends ServerResponse<?>> T good(T answer, int... statuses) {
    for (int status : statuses) {
      if (answer.getHttpStatus() == status) {
        ensure(answer.isSuccess(), "the client calls " + status + " a failure: " + answer.getResponseBody());
        ensure(answer.isValidScimResponse(), "the client calls the answer no SCIM: " + answer.getHttpHeaders());
        return answer;
      }
    }
    throw new IllegalStateException(answer.getHttpStatus() + ": " + answer.getResponseBody());
  }

  private static User user(String name) {
    String userName = name + "-" + MARK + "@example.com";
    Email email = Email.builder().value(userName).type("work").primary(true).build();
    return User.builder().userName(userName).active(true).emails(List.of(email)).build();
  }

  private static String made(ScimRequestBuilder scim, User user) {
    ServerResponse<User> answer = scim.create(User.class, "/Users").setResource(user).sendRequest();
    return good(answer, 201).getResource().getId().orElseThrow();
  }

  public static void main(String[] arguments) {
    String base = arguments[0];
    Map<String, String> headers = Map.of("Authorization", "Bearer " + System.getenv("SCIM_TOKEN"));
    ScimClientConfig config = ScimClientConfig.builder().connectTimeout(10).requestTimeout(60).socketTimeout(60)
        .httpHeaders(headers).expectedHttpResponseHeaders(Map.of()).build();
    try (ScimRequestBuilder scim = new ScimRequestBuilder(base, config)) {
      check("service provider configuration", () -> {
        ServiceProvider provider = scim.loadServiceProviderConfiguration();
        ensure(provider.getPatchConfig().isSupported(), provider);
      });
      check("meta configuration", () -> good(scim.loadMetaConfiguration().sendRequest(), 200));
      check("user: create, get, replace, delete", () -> {
        String id = made(scim, user("life"));
        ServerResponse<User> read = scim.get(User.class, "/Users", id).sendRequest();
        User there = good(read, 200).getResource();
        there.setNickName("nick");
        ServerResponse<User> put = scim.update(User.class, "/Users", id).setResource(there).sendRequest();
        ensure(good(put, 200).getResource().getNickName().orElse("").equals("nick"), put.getResponseBody());
        ServerResponse<User> gone = scim.delete(User.class, "/Users", id).sendRequest();
        good(gone, 204);
        ServerResponse<User> nobody = scim.get(User.class, "/Users", id).sendRequest();
        ensure(nobody.getHttpStatus() == 404 && nobody.getErrorResponse() != null, nobody.getResponseBody());
      });
      check("user: a second one is a conflict", () -> {
        made(scim, user("twice"));
        ServerResponse<User> again = scim.create(User.class, "/Users").setResource(user("twice")).sendRequest();
        ensure(again.getHttpStatus() == 409, again.getResponseBody());
        ensure("uniqueness".equals(again.getErrorResponse().getScimType().orElse("")), again.getResponseBody());
      });
      check("user: patch with a path", () -> {
        String id = made(scim, user("path"));
        ServerResponse<User> off = scim.patch(User.class, "/Users", id).addOperation().op(PatchOp.REPLACE)
            .path("active").value("false").build().sendRequest();
        ensure(!good(off, 200, 204).getResource().isActive().orElse(true), off.getResponseBody());
      });
      check("user: patch without a path", () -> {
        String id = made(scim, user("pathless"));
        JsonNode value = new ObjectMapper().readTree("{\"title\": \"T\", \"active\": false}");
        ServerResponse<User> patched = scim.patch(User.class, "/Users", id).addOperation().op(PatchOp.REPLACE)
            .valueNode(value).build().sendRequest();
        ensure(good(patched, 200).getResource().getTitle().orElse("").equals("T"), patched.getResponseBody());
        ensure(!patched.getResource().isActive().orElse(true), patched.getResponseBody());
      });
      check("list: by filter, by GET and by POST", () -> {
        User user = user("find");
        String id = made(scim, user);
        String name = user.getUserName().orElseThrow();
        for (boolean get : new boolean[] {true, false}) {
          var list = scim.list(User.class, "/Users").count(5).filter("userName", Comparator.EQ, name).build();
          ServerResponse<ListResponse<User>> found = get ? list.get().sendRequest() : list.post().sendRequest();
          List<User> users = good(found, 200).getResource().getListedResources();
          ensure(users.size() == 1 && users.get(0).getId().orElse("").equals(id), found.getResponseBody());
        }
      });
      check("group: members come and go", () -> {
        String id = made(scim, user("member"));
        Group group = Group.builder().displayName("Group " + MARK).build();
        ServerResponse<Group> answer = scim.create(Group.class, "/Groups").setResource(group).sendRequest();
        String groupId = good(answer, 201).getResource().getId().orElseThrow();
        ServerResponse<Group> joined = scim.patch(Group.class, "/Groups", groupId).addOperation().op(PatchOp.ADD)
            .path("members").valueNode(Member.builder().value(id).build()).build().sendRequest();
        good(joined, 200, 204);
        ServerResponse<Group> with = scim.get(Group.class, "/Groups", groupId).sendRequest();
        ensure(good(with, 200).getResource().getMembers().size() == 1, with.getResponseBody());
        ServerResponse<Group> left = scim.patch(Group.class, "/Groups", groupId).addOperation().op(PatchOp.REMOVE)
            .path("members[value eq \"" + id + "\"]").build().sendRequest();
        good(left, 200, 204);
        ServerResponse<Group> without = scim.get(Group.class, "/Groups", groupId).sendRequest();
        ensure(good(without, 200).getResource().getMembers().isEmpty(), without.getResponseBody());
        ServerResponse<Group> gone = scim.delete(Group.class, "/Groups", groupId).sendRequest();
        good(gone, 204);
      });
      check("bulk", () -> {
        ServerResponse<BulkResponse> bulk = scim.bulk().bulkRequestOperation("/Users").method(HttpMethod.POST)
            .bulkId("1").data(user("bulk")).sendRequest();
        good(bulk, 200);
        ensure(bulk.getResource().getBulkResponseOperations().get(0).getStatus() == 201, bulk.getResponseBody());
      });
    }
  }
}
