/** Of Node's `fetch`; the types of browsers, which one type check shares with the gateway, lack it. */
interface RequestInit {
  duplex?: 'half';
}
