//! Every code, in order.
//!
//! Below 100: a lint, which is about a policy that compiles (00x and 01x: it lets out too much; 02x:
//! an entry does nothing; 03x and 04x: an entry that has to end or to be explained; 05x and 06x:
//! names and protocols; 07x: the policy as a whole). 1xx: the text cannot be read. 2xx: it can be
//! read but not understood. 3xx: it is understood but cannot be compiled. 4xx: the project file.
//! 5xx: it does not hold what it says of itself. 6xx: AWS does not take it. A
//! code is never reused.

use super::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $constant:ident = $id:literal $name:literal;)*) => {
        $($(#[doc = $doc])* pub const $constant: Code =
            Code { id: $id, name: $name, summary: concat!($($doc),*).trim_ascii() };)*
        /// All of them, in the order of their ids.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    /// A wildcard directly below a public suffix, where anybody can have a name.
    WILDCARD_ON_PUBLIC_SUFFIX = "FW001" "wildcard-on-public-suffix";
    /// A wildcard with public suffixes somewhere below it.
    WILDCARD_OVER_PUBLIC_SUFFIX = "FW002" "wildcard-over-public-suffix";
    /// A wildcard over names that a provider gives to its customers, and that are no public suffixes.
    WILDCARD_ON_TENANT_PARENT = "FW003" "wildcard-on-tenant-parent";
    /// A resource of an AWS account that is not the project's.
    FOREIGN_ACCOUNT = "FW004" "foreign-account";
    /// A resolver that answers over HTTPS or TLS, past the resolver of the VPC.
    OUTSIDE_RESOLVER = "FW005" "outside-resolver";
    /// A tunnel, a paste or drop site, a request catcher, or a dynamic name, which anybody can read or point elsewhere.
    ANONYMOUS_UPLOAD = "FW006" "anonymous-upload";
    /// One name under which the storage of every customer is reached.
    SHARED_STORAGE = "FW007" "shared-storage";
    /// More addresses than one organisation has.
    WIDE_ADDRESS = "FW008" "wide-address";
    /// An address that is not on the internet.
    PRIVATE_ADDRESS = "FW009" "private-address";
    /// More ports than a service listens on.
    WIDE_PORTS = "FW010" "wide-ports";
    /// An exception for a name that leaves what is below that name open.
    SHALLOW_EXCEPTION = "FW011" "shallow-exception";
    /// Two entries that say the same.
    DUPLICATE_ENTRY = "FW021" "duplicate-entry";
    /// An entry that others cover, so that it decides nothing.
    SHADOWED_ENTRY = "FW022" "shadowed-entry";
    /// An `allow` that a `deny` covers.
    ENTRY_NEVER_IN_FORCE = "FW023" "entry-never-in-force";
    /// A `deny` of what no entry allows.
    DENY_DENIES_NOTHING = "FW024" "deny-denies-nothing";
    /// An exception that has nothing in common with what it is an exception of.
    IDLE_EXCEPTION = "FW025" "idle-exception";
    /// A set that no service uses.
    UNUSED_SET = "FW026" "unused-set";
    /// A network of the project file that no service is from.
    UNUSED_NETWORK = "FW027" "unused-network";
    /// A `lint allow` that silences nothing, or whose time is over.
    UNUSED_SUPPRESSION = "FW028" "unused-suppression";
    /// A name or code that is no lint's.
    UNKNOWN_LINT = "FW029" "unknown-lint";
    /// An `allow` of a wildcard that never ends.
    WILDCARD_WITHOUT_UNTIL = "FW031" "wildcard-without-until";
    /// An `allow` of an address that never ends.
    ADDRESS_WITHOUT_UNTIL = "FW032" "address-without-until";
    /// An `allow` of plain HTTP that never ends.
    HTTP_WITHOUT_UNTIL = "FW033" "http-without-until";
    /// An entry or an observation whose time is over.
    EXPIRED_ENTRY = "FW034" "expired-entry";
    /// An entry or an observation that ends within 30 days.
    EXPIRING_SOON = "FW035" "expiring-soon";
    /// An end so far away that nobody will be there to look.
    DISTANT_UNTIL = "FW036" "distant-until";
    /// A service that observes for more than a year from now.
    LONG_OBSERVATION = "FW037" "long-observation";
    /// An entry that does not say why.
    MISSING_REASON = "FW041" "missing-reason";
    /// A service that belongs to nobody.
    MISSING_OWNER = "FW042" "missing-owner";
    /// A grant of plain HTTP, which anybody on the way can read and answer.
    PLAINTEXT_HTTP = "FW051" "plaintext-http";
    /// A port of TLS opened for something else.
    TLS_PORT_WITHOUT_TLS = "FW052" "tls-port-without-tls";
    /// A label with letters of several alphabets.
    MIXED_SCRIPT_NAME = "FW053" "mixed-script-name";
    /// Two names of the policy that look alike.
    CONFUSABLE_NAME = "FW054" "confusable-name";
    /// A name with an underscore, which hosts do not have.
    UNDERSCORE_NAME = "FW055" "underscore-name";
    /// A name without a dot, which no certificate and no public resolver knows.
    SINGLE_LABEL_NAME = "FW056" "single-label-name";
    /// A name under a top-level domain that does not exist.
    UNKNOWN_TOP_LEVEL_DOMAIN = "FW057" "unknown-top-level-domain";
    /// A region of AWS spelled out where the policy holds in several.
    SPELLED_OUT_REGION = "FW058" "spelled-out-region";
    /// Two services that share source addresses.
    OVERLAPPING_SOURCES = "FW071" "overlapping-sources";
    /// A service that is everybody in the VPC, or beyond it.
    UNSCOPED_SOURCE = "FW072" "unscoped-source";
    /// A service that is missing in a region, and nothing says that it is meant.
    UNBALANCED_REGIONS = "FW073" "unbalanced-regions";
    /// Over 80 percent of what a firewall policy takes is used.
    CAPACITY_NEARLY_USED = "FW074" "capacity-nearly-used";
    /// A grant of HTTP under the profile that judges only the first request of a connection.
    PUBLISHED_PROFILE_HOLE = "FW075" "published-profile-hole";
    /// A service that reaches nothing.
    EMPTY_SERVICE = "FW076" "empty-service";
    /// The grammar expected something else.
    SYNTAX = "FW101" "syntax";
    /// The first statement is not `fwc 1`.
    LANGUAGE_VERSION = "FW102" "language-version";
    /// A word that should start a statement, a line or a clause starts none.
    UNKNOWN_KEYWORD = "FW103" "unknown-keyword";
    /// One entry has two clauses of a kind.
    REPEATED_CLAUSE = "FW104" "repeated-clause";
    /// A brace without its partner.
    UNCLOSED_BLOCK = "FW105" "unclosed-block";
    /// More text than a policy has.
    FILE_TOO_LARGE = "FW106" "file-too-large";
    /// A quoted text without its closing quote.
    UNCLOSED_TEXT = "FW107" "unclosed-text";
    /// A statement, line or clause in a place that does not hold it.
    MISPLACED = "FW108" "misplaced";
    /// A character that a reader does not see, or takes for another.
    HIDDEN_CHARACTER = "FW109" "hidden-character";
    /// A word cannot name a set or a service.
    BAD_IDENTIFIER = "FW201" "bad-identifier";
    /// Two blocks of one name, or two owners of one block.
    DUPLICATE_NAME = "FW202" "duplicate-name";
    /// A `use` of a set that nobody declares.
    UNKNOWN_SET = "FW203" "unknown-set";
    /// A set that uses itself.
    SET_CYCLE = "FW204" "set-cycle";
    /// Sets nested too deep.
    TOO_DEEP = "FW205" "too-deep";
    /// Sets that open to more lines than any firewall holds.
    TOO_LARGE = "FW206" "too-large";
    /// A claim about a service that nobody declares.
    UNKNOWN_SERVICE = "FW207" "unknown-service";
    /// A network that the project file does not name.
    UNKNOWN_NETWORK = "FW208" "unknown-network";
    /// A region role that the project file does not name.
    UNKNOWN_ROLE = "FW209" "unknown-role";
    /// A service with addresses and a set that AWS fills.
    MIXED_SOURCES = "FW210" "mixed-sources";
    /// A variable without a value.
    UNKNOWN_VARIABLE = "FW211" "unknown-variable";
    /// A word that is no name.
    BAD_NAME = "FW212" "bad-name";
    /// A wildcard where none can stand.
    BAD_WILDCARD = "FW213" "bad-wildcard";
    /// A name that is accepted, but not as it is written.
    NOT_NORMAL = "FW214" "name-not-normal";
    /// A word that is no address or network.
    BAD_ADDRESS = "FW215" "bad-address";
    /// A word that is no list of ports.
    BAD_PORT = "FW216" "bad-port";
    /// A word that is no protocol.
    BAD_PROTOCOL = "FW217" "bad-protocol";
    /// A word that is no day.
    BAD_DATE = "FW218" "bad-date";
    /// A word that is no ticket.
    BAD_TICKET = "FW219" "bad-ticket";
    /// A word that is no owner.
    BAD_OWNER = "FW220" "bad-owner";
    /// A name on a protocol where the engine sees none.
    NAME_UNSEEN = "FW221" "name-unseen";
    /// An address narrowed to addresses.
    ADDRESS_TO = "FW222" "address-to";
    /// An exception of another kind than its destination.
    EXCEPT_KIND = "FW223" "except-kind";
    /// Exceptions that leave nothing.
    NOTHING_LEFT = "FW224" "nothing-left";
    /// A sample of a `test` statement that cannot be read.
    BAD_SAMPLE = "FW225" "bad-sample";
    /// An `include` that finds nothing that can be read.
    BAD_INCLUDE = "FW226" "bad-include";
    /// Files that include each other.
    INCLUDE_CYCLE = "FW227" "include-cycle";
    /// More signatures or rule groups than AWS takes.
    OVER_QUOTA = "FW301" "over-quota";
    /// A signature longer than AWS takes.
    SIGNATURE_TOO_LONG = "FW302" "signature-too-long";
    /// More prefix lists in a rule group than AWS resolves.
    TOO_MANY_REFERENCES = "FW303" "too-many-references";
    /// A deny that would have to leave out addresses that are not known here.
    UNKNOWN_OBSERVER = "FW304" "unknown-observer";
    /// The project file is not YAML.
    PROJECT_SYNTAX = "FW401" "project-syntax";
    /// The project file is too long, too deep, or unfolds to too much.
    PROJECT_LIMIT = "FW402" "project-limit";
    /// A key of the project file means nothing.
    UNKNOWN_KEY = "FW403" "unknown-key";
    /// A key of the project file stands twice.
    DUPLICATE_KEY = "FW404" "duplicate-key";
    /// A key that the project file needs is missing.
    MISSING_KEY = "FW405" "missing-key";
    /// A value of the project file is of the wrong kind.
    WRONG_KIND = "FW406" "wrong-kind";
    /// Text was written so that YAML reads a number.
    UNQUOTED_NUMBER = "FW407" "unquoted-number";
    /// A setting has a value it cannot have.
    INVALID_SETTING = "FW408" "invalid-setting";
    /// AWS could not name objects after the project.
    PROJECT_NAME = "FW409" "project-name";
    /// A variable cannot be called so, or cannot have that value.
    INVALID_VARIABLE = "FW410" "invalid-variable";
    /// A region cannot have that role.
    REGION_ROLE = "FW411" "region-role";
    /// A region is not named as AWS names regions, or named twice.
    AWS_REGION = "FW412" "aws-region";
    /// A network cannot be called so.
    NETWORK_NAME = "FW413" "network-name";
    /// A network has no addresses.
    EMPTY_NETWORK = "FW414" "empty-network";
    /// This is not the address of a network.
    INVALID_CIDR = "FW415" "invalid-cidr";
    /// This is not the ARN of what it should name.
    INVALID_ARN = "FW416" "invalid-arn";
    /// A CIDR of a network lies in another of the same network.
    REDUNDANT_CIDR = "FW417" "redundant-cidr";
    /// Two networks of a region share addresses.
    OVERLAPPING_NETWORKS = "FW418" "overlapping-networks";
    /// A network lies outside its region's VPC.
    OUTSIDE_VPC = "FW419" "outside-vpc";
    /// A lint is both denied and allowed, or named twice.
    LINT_TWICE = "FW420" "lint-named-twice";
    /// A sample of a `test` statement that the firewall decides otherwise.
    FAILED_TEST = "FW501" "failed-test";
    /// An assertion does not hold.
    FAILED_ASSERTION = "FW502" "failed-assertion";
    /// The policy that an assertion names cannot be read.
    NO_ENVELOPE = "FW503" "no-envelope";
    /// AWS refuses the signature that an entry compiles to.
    REFUSED_SIGNATURE = "FW601" "refused-signature";
}
