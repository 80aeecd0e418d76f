/**
 * Whether the link of this device is paid for by volume, as far as the browser says (Network Information API, in pages
 * and workers alike). Desktop browsers do not say what kind of link it is, and some browsers say nothing at all.
 */

/** The parts of `NetworkInformation` used here. The DOM's types do not know it. */
export interface LinkFacts {
  readonly type?: string;
  /** The person asked the browser to save data. */
  readonly saveData?: boolean;
  addEventListener(name: 'change', listener: () => void, options?: { readonly signal: AbortSignal }): void;
}

/** The facts that this browser tells; null: none, or not the kind of link. */
export function linkFactsOf(navigator: object): LinkFacts | null {
  const { connection } = navigator as { readonly connection?: LinkFacts };
  return connection?.type === undefined ? null : connection;
}

const PAID: readonly string[] = ['cellular', 'wimax', 'bluetooth'];
const FREE: readonly string[] = ['wifi', 'ethernet', 'none'];

/** Data saving decides about a link that is neither paid nor free, such as a mixed or an unknown one. */
export function isMetered(facts: LinkFacts | null): boolean {
  const { type = '', saveData = false } = facts ?? {};
  return PAID.includes(type) || (saveData && !FREE.includes(type));
}
