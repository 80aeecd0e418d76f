/** Whether the gateway and its PACS can be reached from here. */
export type Link =
  | 'online'
  | 'offline'
  | 'gateway-unreachable'
  | 'pacs-unreachable'
  | 'pacs-refuses-sign-in'
  | 'pacs-settings-wrong'
  | 'pacs-no-search'
  | 'pacs-no-retrieval';

const PACS_AWAY = ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-settings-wrong'] as const;
type PacsAway = (typeof PACS_AWAY)[number];

/** The PACS takes nothing now; why a study waits at the gateway, in the same words. */
export const isPacsAway = (why: string | undefined): why is PacsAway =>
  (PACS_AWAY as readonly (string | undefined)[]).includes(why);
