/** Whether the gateway and its PACS can be reached from here. */
export type Link =
  | 'online'
  | 'offline'
  | 'gateway-unreachable'
  | 'pacs-unreachable'
  | 'pacs-no-search'
  | 'pacs-no-retrieval';
