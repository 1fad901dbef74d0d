import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import net.tirasa.connid.bundles.scim.common.SCIMConnectorConfiguration;
import net.tirasa.connid.bundles.scim.v2.SCIMv2Connector;
import org.identityconnectors.framework.common.objects.Attribute;
import org.identityconnectors.framework.common.objects.AttributeBuilder;
import org.identityconnectors.framework.common.objects.ConnectorObject;
import org.identityconnectors.framework.common.objects.Name;
import org.identityconnectors.framework.common.objects.ObjectClass;
import org.identityconnectors.framework.common.objects.OperationOptions;
import org.identityconnectors.framework.common.objects.OperationOptionsBuilder;
import org.identityconnectors.framework.common.objects.Uid;
import org.identityconnectors.framework.common.objects.filter.EqualsFilter;

/** ConnId's SCIM bundle, version 2 of the protocol, as Apache Syncope and midPoint drive it: by PUT or by PATCH. */
public final class ConnId {
  private static final String MARK = UUID.randomUUID().toString().substring(0, 8);
  private static final OperationOptions NONE = new OperationOptionsBuilder().build();

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

  private static Set<Attribute> user(String name, boolean active, String... groups) {
    String userName = name + "-" + MARK + "@example.com";
    Set<Attribute> attributes = new HashSet<>();
    attributes.add(new Name(userName));
    attributes.add(AttributeBuilder.build("userName", userName));
    attributes.add(AttributeBuilder.build("name.familyName", "Family"));
    attributes.add(AttributeBuilder.build("emails.work.value", userName));
    attributes.add(AttributeBuilder.build("active", active));
    attributes.add(AttributeBuilder.build("groups", List.of(groups)));
    return attributes;
  }

  private static Set<Attribute> group(String name) {
    Set<Attribute> attributes = new HashSet<>();
    attributes.add(new Name(name + " " + MARK));
    attributes.add(AttributeBuilder.build("displayName", name + " " + MARK));
    return attributes;
  }

  private static List<ConnectorObject> read(SCIMv2Connector scim, ObjectClass kind, Attribute by) {
    List<ConnectorObject> found = new ArrayList<>();
    OperationOptions all = new OperationOptionsBuilder().setAttributesToGet("userName", "displayName", "active", "groups")
        .build();
    scim.executeQuery(kind, new EqualsFilter(by), found::add, all);
    return found;
  }

  private static List<Object> groups(SCIMv2Connector scim, Uid user) {
    Attribute groups = read(scim, ObjectClass.ACCOUNT, user).get(0).getAttributeByName("groups");
    return groups == null || groups.getValue() == null ? List.of() : groups.getValue();
  }

  public static void main(String[] arguments) {
    String method = arguments[1];
    SCIMConnectorConfiguration configuration = new SCIMConnectorConfiguration();
    configuration.setBaseAddress(arguments[0]);
    configuration.setBearerToken(System.getenv("SCIM_TOKEN"));
    configuration.setUpdateUserMethod(method);
    configuration.setUpdateGroupMethod(method);
    // `groups` of a user is readOnly (RFC 7643 §4.1.2): members are added at the group.
    configuration.setExplicitGroupAddOnCreate(true);
    configuration.setAccept("application/scim+json");
    configuration.setContentType("application/scim+json");
    configuration.validate();
    SCIMv2Connector scim = new SCIMv2Connector();
    scim.init(configuration);
    check("test", scim::test);
    check("schema", () -> ensure(scim.schema() != null, "none"));
    check("user: create, find, update, delete", () -> {
      Uid id = scim.create(ObjectClass.ACCOUNT, user("life", true), NONE);
      ensure(read(scim, ObjectClass.ACCOUNT, id).size() == 1, id);
      Attribute name = AttributeBuilder.build("userName", "life-" + MARK + "@example.com");
      ensure(read(scim, ObjectClass.ACCOUNT, name).size() == 1, name);
      scim.update(ObjectClass.ACCOUNT, id, user("life", false), NONE);
      Attribute active = read(scim, ObjectClass.ACCOUNT, id).get(0).getAttributeByName("active");
      ensure(active != null && active.getValue().equals(List.of(false)), active);
      scim.delete(ObjectClass.ACCOUNT, id, NONE);
    });
    check("group: create, find, rename, delete", () -> {
      Uid id = scim.create(ObjectClass.GROUP, group("Cogs"), NONE);
      scim.update(ObjectClass.GROUP, id, group("Motors"), NONE);
      Attribute name = AttributeBuilder.build("displayName", "Motors " + MARK);
      ensure(read(scim, ObjectClass.GROUP, name).size() == 1, name);
      scim.delete(ObjectClass.GROUP, id, NONE);
    });
    check("membership: join at creation, change, leave", () -> {
      Uid one = scim.create(ObjectClass.GROUP, group("One"), NONE);
      Uid two = scim.create(ObjectClass.GROUP, group("Two"), NONE);
      Uid id = scim.create(ObjectClass.ACCOUNT, user("seat", true, one.getUidValue()), NONE);
      ensure(groups(scim, id).size() == 1, "joined: " + groups(scim, id));
      scim.update(ObjectClass.ACCOUNT, id, user("seat", true, two.getUidValue()), NONE);
      ensure(groups(scim, id).toString().contains(two.getUidValue()), "moved: " + groups(scim, id));
      ensure(!groups(scim, id).toString().contains(one.getUidValue()), "left: " + groups(scim, id));
    });
    scim.dispose();
    // Its HTTP client leaves threads behind that would keep the program alive.
    System.exit(0);
  }
}
