/** Why an association was not made, or ended early. Nothing is known of the message that was on its way. */
export class AssociationFailed extends Error {
  /** The system's name for what happened to the connection, or one of those below. */
  readonly connection: string;

  constructor(what: string, connection: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = 'AssociationFailed';
    this.connection = connection;
  }
}

/** The peer took no connection in time. The name is undici's: both mean the same. */
export const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';
/** Nothing came, and nothing went, for the longest silence. */
export const SILENT = 'silent';
/** The connection ended in the middle. */
export const CLOSED = 'closed';
/** A-ABORT of the peer. */
export const ABORTED = 'aborted';
/** The peer sent what PS3.7 or PS3.8 does not allow, or more than anybody needs. */
export const VIOLATED = 'dimse-violated';
/** A-ASSOCIATE-RJ: it says that it does not know the AE title of the caller, or that its own is another one. */
export const UNKNOWN_CALLING_AE = 'dimse-unknown-calling-ae';
export const UNKNOWN_CALLED_AE = 'dimse-unknown-called-ae';
/** A-ASSOCIATE-RJ for any other reason. */
export const ASSOCIATION_REFUSED = 'dimse-association-refused';

export const violated = (what: string): AssociationFailed =>
  new AssociationFailed(`the peer sent ${what}`, VIOLATED);
