/** The live regions of a page as a screen reader finds them: by the browser's accessibility tree, not by attributes. */
import type { Page } from 'playwright-core';

export interface LiveRegion {
  readonly live: string;
  readonly text: string;
}

/**
 * Returns a function that tells which say something now. Begin before the page goes offline: a session with the
 * browser that begins or ends gives the page its network back.
 */
export async function openLiveRegions(page: Page): Promise<() => Promise<readonly LiveRegion[]>> {
  const session = await page.context().newCDPSession(page);
  return async () => {
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const textOf = (id: string): string => {
      const node = byId.get(id);
      if (node?.role?.value === 'StaticText') return String(node.name?.value ?? '');
      return (node?.childIds ?? []).map(textOf).filter(Boolean).join(' ');
    };
    return nodes.flatMap(({ nodeId, properties = [] }) => {
      const live = properties.find(({ name }) => name === 'live')?.value.value as string | undefined;
      const text = textOf(nodeId);
      return live === undefined || live === 'off' || text === '' ? [] : [{ live, text }];
    });
  };
}
