/**
 * An option of Node's `fetch` that the browsers' types lack. The gateway is type-checked together with code for
 * browsers.
 */
interface RequestInit {
  duplex?: 'half';
}
