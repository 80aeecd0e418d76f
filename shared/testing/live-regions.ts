/** The live regions of a page as a screen reader finds them: by the browser's accessibility tree, not by attributes. */
import type { Page } from 'playwright-core';

export interface LiveRegion {
  readonly live: string;
  readonly text: string;
}

/** Those that say something now. */
export async function liveRegions(page: Page): Promise<readonly LiveRegion[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
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
}
