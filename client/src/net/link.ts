/** Whether the gateway and its PACS can be reached from here, as somebody has found out. */
export type Link =
  | 'online'
  | 'offline'
  | 'gateway-unreachable'
  | 'pacs-unreachable'
  | 'pacs-refuses-sign-in'
  | 'pacs-settings-wrong'
  | 'pacs-no-search'
  | 'pacs-no-retrieval';

/** `unknown`: since the page was opened neither the gateway has answered, nor has it failed to. */
export type LinkNow = Link | 'unknown';

export const isGatewayAway = (link: LinkNow): boolean => link === 'offline' || link === 'gateway-unreachable';

const PACS_AWAY = ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-settings-wrong'] as const;
type PacsAway = (typeof PACS_AWAY)[number];

/** The PACS takes nothing now; why a study waits at the gateway, in the same words. */
export const isPacsAway = (why: string | undefined): why is PacsAway =>
  (PACS_AWAY as readonly (string | undefined)[]).includes(why);
