/** An option of Node's `fetch`, which the types of browsers lack; one type check shares them with the gateway. */
interface RequestInit {
  duplex?: 'half';
}
