import com.unboundid.scim2.client.ScimService;
import com.unboundid.scim2.common.GenericScimResource;
import com.unboundid.scim2.common.exceptions.ScimException;
import com.unboundid.scim2.common.messages.ListResponse;
import com.unboundid.scim2.common.messages.PatchOperation;
import com.unboundid.scim2.common.messages.PatchRequest;
import com.unboundid.scim2.common.types.Email;
import com.unboundid.scim2.common.types.GroupResource;
import com.unboundid.scim2.common.types.Member;
import com.unboundid.scim2.common.types.UserResource;
import jakarta.ws.rs.client.Client;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.util.List;
import java.util.UUID;
import org.glassfish.jersey.apache.connector.ApacheConnectorProvider;
import org.glassfish.jersey.client.ClientConfig;

/** UnboundID's SCIM 2 client. */
public final class UnboundId {
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

  private static UserResource user(String name) {
    String userName = name + "-" + MARK + "@example.com";
    Email email = new Email().setValue(userName).setType("work").setPrimary(true);
    return new UserResource().setUserName(userName).setActive(true).setEmails(List.of(email));
  }

  public static void main(String[] arguments) {
    String token = "Bearer " + System.getenv("SCIM_TOKEN");
    // The JDK's own HTTP client cannot send PATCH.
    Client client = ClientBuilder.newClient(new ClientConfig().connectorProvider(new ApacheConnectorProvider()));
    client.register((ClientRequestFilter) request -> request.getHeaders().putSingle("Authorization", token));
    ScimService scim = new ScimService(client.target(arguments[0]));
    check("service provider configuration", () -> ensure(scim.getServiceProviderConfig().getPatch().isSupported(), ""));
    check("resource types", () -> ensure(scim.getResourceTypes().getTotalResults() == 2, scim.getResourceTypes()));
    check("schemas", () -> ensure(scim.getSchemas().getTotalResults() == 3, ""));
    check("user: create, get, replace, delete", () -> {
      UserResource made = scim.create("Users", user("life"));
      UserResource there = scim.retrieve("Users", made.getId(), UserResource.class);
      there.setNickName("nick");
      ensure("nick".equals(scim.replace(there).getNickName()), "PUT");
      ensure("nick".equals(scim.retrieve(there).getNickName()), "GET by its own URL");
      scim.delete("Users", made.getId());
      try {
        scim.retrieve("Users", made.getId(), UserResource.class);
        ensure(false, "still there");
      } catch (ScimException error) {
        ensure(error.getScimError().getStatus() == 404, error);
      }
    });
    check("user: a second one is a conflict", () -> {
      scim.create("Users", user("twice"));
      try {
        scim.create("Users", user("twice"));
        ensure(false, "made twice");
      } catch (ScimException error) {
        ensure("uniqueness".equals(error.getScimError().getScimType()), error);
      }
    });
    check("user: patch", () -> {
      UserResource made = scim.create("Users", user("patch"));
      UserResource after = scim.modifyRequest("Users", made.getId())
          .replaceValue("active", false).addValues("emails", new Email().setValue("b@example.com").setType("home"))
          .invoke(UserResource.class);
      ensure(!after.getActive() && after.getEmails().size() == 2, after);
      UserResource fewer = scim.modifyRequest("Users", made.getId())
          .removeValues("emails[type eq \"home\"]").invoke(UserResource.class);
      ensure(fewer.getEmails().size() == 1, fewer);
    });
    check("user: patch if the version is this one", () -> {
      UserResource made = scim.create("Users", user("version"));
      scim.modifyRequest(made).ifMatch().replaceValue("title", "T").invoke();
      try {
        scim.modifyRequest(made).ifMatch().replaceValue("title", "U").invoke();
        ensure(false, "changed over another change");
      } catch (ScimException error) {
        ensure(error.getScimError().getStatus() == 412, error);
      }
    });
    check("list: filter, page, sort, search by POST", () -> {
      UserResource made = scim.create("Users", user("find"));
      String filter = "userName eq \"" + made.getUserName() + "\"";
      ListResponse<UserResource> found = scim.search("Users", filter, UserResource.class);
      ensure(found.getTotalResults() == 1 && found.getResources().get(0).getId().equals(made.getId()), found);
      ListResponse<UserResource> posted = scim.searchRequest("Users").filter(filter).page(1, 5).attributes("userName")
          .invokePost(UserResource.class);
      ensure(posted.getTotalResults() == 1, posted);
    });
    check("group: members come and go", () -> {
      UserResource member = scim.create("Users", user("member"));
      GroupResource group = scim.create("Groups", new GroupResource().setDisplayName("Group " + MARK));
      scim.modifyRequest("Groups", group.getId())
          .addValues("members", new Member().setValue(member.getId())).invoke(GroupResource.class);
      ensure(scim.retrieve("Groups", group.getId(), GroupResource.class).getMembers().size() == 1, "joined");
      scim.modifyRequest("Groups", group.getId())
          .removeValues("members[value eq \"" + member.getId() + "\"]")
          .invoke(GroupResource.class);
      List<Member> left = scim.retrieve("Groups", group.getId(), GroupResource.class).getMembers();
      ensure(left == null || left.isEmpty(), left);
    });
    check("group: patch and read the answer", () -> {
      GroupResource group = scim.create("Groups", new GroupResource().setDisplayName("Answer " + MARK));
      PatchRequest rename = new PatchRequest(PatchOperation.replace("displayName", "Answered " + MARK));
      GenericScimResource after = scim.modify("Groups", group.getId(), rename, GenericScimResource.class);
      ensure(after != null && after.getId().equals(group.getId()), after);
    });
    client.close();
  }
}
