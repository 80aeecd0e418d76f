/**
 * Whether this device's link is paid by volume, as far as the browser tells (Network Information API, in pages and
 * workers alike). Desktop browsers do not tell the kind of link, and some browsers tell nothing.
 */

/** The parts of `NetworkInformation` used here. The DOM's types do not include it. */
export interface LinkFacts {
  readonly type?: string;
  /** The person asked the browser to save data. */
  readonly saveData?: boolean;
  addEventListener(name: 'change', listener: () => void, options?: { readonly signal: AbortSignal }): void;
}

/** The facts that this browser provides; null: it has none, or does not tell the kind of link. */
export function linkFactsOf(navigator: object): LinkFacts | null {
  const { connection } = navigator as { readonly connection?: LinkFacts };
  return connection?.type === undefined ? null : connection;
}

const PAID: readonly string[] = ['cellular', 'wimax', 'bluetooth'];
const FREE: readonly string[] = ['wifi', 'ethernet', 'none'];

/** Data saving decides only for a link that is neither known as paid nor as free, such as a mixed or unknown one. */
export function isMetered(facts: LinkFacts | null): boolean {
  const { type = '', saveData = false } = facts ?? {};
  return PAID.includes(type) || (saveData && !FREE.includes(type));
}
