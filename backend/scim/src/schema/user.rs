//! User (RFC 7643 §4.1), complete.

use super::model::{Attribute, Kind, Mutability, Returned, Schema};

const DISPLAY: Attribute = Attribute::string("display", "A name for this value.");
const PRIMARY: Attribute = Attribute::boolean("primary", "Whether this is the preferred value. At most one is.");
const TYPE: Attribute = Attribute::string("type", "A label for what this value is for.");

const NAME: &[Attribute] = &[
    Attribute::string("formatted", "The full name."),
    Attribute::string("familyName", "The family name."),
    Attribute::string("givenName", "The given name."),
    Attribute::string("middleName", "The middle name(s)."),
    Attribute::string("honorificPrefix", "The honorific prefix(es)."),
    Attribute::string("honorificSuffix", "The honorific suffix(es)."),
];

const EMAIL: &[Attribute] = &[
    Attribute::string("value", "An e-mail address."),
    DISPLAY,
    TYPE.usually(&["work", "home", "other"]),
    PRIMARY,
];

const PHONE_NUMBER: &[Attribute] = &[
    Attribute::string("value", "A phone number."),
    DISPLAY,
    TYPE.usually(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IM: &[Attribute] = &[
    Attribute::string("value", "An instant messaging address."),
    DISPLAY,
    TYPE.usually(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTO: &[Attribute] = &[
    Attribute::reference("value", &["external"], "The URL of a photo."),
    DISPLAY,
    TYPE.usually(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESS: &[Attribute] = &[
    Attribute::string("formatted", "The full address."),
    Attribute::string("streetAddress", "The street address."),
    Attribute::string("locality", "The city or locality."),
    Attribute::string("region", "The state or region."),
    Attribute::string("postalCode", "The postal code."),
    Attribute::string("country", "The country."),
    TYPE.usually(&["work", "home", "other"]),
    PRIMARY,
];

const GROUP: &[Attribute] = &[
    Attribute::string("value", "The id of the group.")
        .case_exact()
        .read_only(),
    Attribute::reference("$ref", &["Group"], "The URI of the group.").read_only(),
    Attribute::string("display", "The name of the group.").read_only(),
    Attribute::string("type", "Whether membership is direct.")
        .read_only()
        .usually(&["direct", "indirect"]),
];

const ENTITLEMENT: &[Attribute] = &[Attribute::string("value", "An entitlement."), DISPLAY, TYPE, PRIMARY];

const ROLE: &[Attribute] = &[Attribute::string("value", "A role."), DISPLAY, TYPE, PRIMARY];

const CERTIFICATE: &[Attribute] = &[
    Attribute::new(Kind::Binary, "value", "An X.509 certificate, base64.").case_exact(),
    DISPLAY,
    TYPE,
    PRIMARY,
];

const PASSWORD: Attribute = Attribute {
    mutability: Mutability::WriteOnly,
    returned: Returned::Never,
    ..Attribute::string("password", "Accepted and dropped: nothing here signs in with it.").case_exact()
};

/// `urn:ietf:params:scim:schemas:core:2.0:User`.
pub static USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &[
        Attribute::string("userName", "The name the user signs in with.")
            .required()
            .unique()
            .trimmed(),
        Attribute::complex("name", NAME, "The parts of the user's name."),
        Attribute::string("displayName", "The name to show."),
        Attribute::string("nickName", "The casual name."),
        Attribute::reference("profileUrl", &["external"], "The URL of a profile page."),
        Attribute::string("title", "The title, such as \"Vice President\"."),
        Attribute::string("userType", "The relationship to the organization."),
        Attribute::string("preferredLanguage", "The preferred languages."),
        Attribute::string("locale", "The default location."),
        Attribute::string("timezone", "The time zone."),
        Attribute::boolean("active", "Whether the user may sign in."),
        PASSWORD,
        Attribute::complex("emails", EMAIL, "E-mail addresses.").many(),
        Attribute::complex("phoneNumbers", PHONE_NUMBER, "Phone numbers.").many(),
        Attribute::complex("ims", IM, "Instant messaging addresses.").many(),
        Attribute::complex("photos", PHOTO, "URLs of photos.").many(),
        Attribute::complex("addresses", ADDRESS, "Addresses.").many(),
        Attribute::complex("groups", GROUP, "The groups the user is a member of.")
            .many()
            .read_only(),
        Attribute::complex("entitlements", ENTITLEMENT, "Entitlements.").many(),
        Attribute::complex("roles", ROLE, "Roles.").many(),
        Attribute::complex("x509Certificates", CERTIFICATE, "X.509 certificates.").many(),
    ],
};
