/** Whether the gateway and its PACS can be reached from here, as last observed. */
export type Link =
  | 'online'
  | 'offline'
  | 'gateway-unreachable'
  | 'pacs-unreachable'
  | 'pacs-refuses-sign-in'
  | 'pacs-settings-wrong'
  | 'pacs-no-search'
  | 'pacs-no-retrieval';

/** `unknown`: since the page was opened, no request to the gateway has been answered or has failed. */
export type LinkNow = Link | 'unknown';

export const isGatewayAway = (link: LinkNow): boolean => link === 'offline' || link === 'gateway-unreachable';

const PACS_AWAY = ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-settings-wrong'] as const;
type PacsAway = (typeof PACS_AWAY)[number];

/** The PACS currently accepts nothing. The reasons why a study waits at the gateway use the same words. */
export const isPacsAway = (why: string | undefined): why is PacsAway =>
  (PACS_AWAY as readonly (string | undefined)[]).includes(why);
