/** Said about a verdict that the gateway does not have, wherever one is shown. */
export const KEPT_VERDICT = 'It is kept on this device, encrypted, until it is sent or you discard it.';
