/** Said about a verdict that the gateway does not have, wherever one is shown. */
export const KEPT_VERDICT = 'It is stored encrypted on this device until it is sent or you discard it.';
