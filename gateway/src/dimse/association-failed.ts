/** Why an association was not made or ended early. Whether the peer processed the message in transit is unknown. */
export class AssociationFailed extends Error {
  /** The system's error code for the connection, or one of the constants below. */
  readonly connection: string;

  constructor(what: string, connection: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = 'AssociationFailed';
    this.connection = connection;
  }
}

/** The peer accepted no connection in time. The name is undici's, which means the same. */
export const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';
/** Nothing was received or sent for the longest allowed silence. */
export const SILENT = 'silent';
/** The connection closed early. */
export const CLOSED = 'closed';
/** The peer sent A-ABORT. */
export const ABORTED = 'aborted';
/** The peer sent something that PS3.7 or PS3.8 does not allow, or more than any real message needs. */
export const VIOLATED = 'dimse-violated';
/** A-ASSOCIATE-RJ: the peer does not know the calling AE title, or the called AE title is not its own. */
export const UNKNOWN_CALLING_AE = 'dimse-unknown-calling-ae';
export const UNKNOWN_CALLED_AE = 'dimse-unknown-called-ae';
/** A-ASSOCIATE-RJ for any other reason. */
export const ASSOCIATION_REFUSED = 'dimse-association-refused';

export const violated = (what: string): AssociationFailed =>
  new AssociationFailed(`the peer sent ${what}`, VIOLATED);
