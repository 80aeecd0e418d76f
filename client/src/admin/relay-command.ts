/** A line for the command line of a person who signs in there with an account of their own. */

/** Without quotes a shell takes these as they are. */
const PLAIN = /^[\w.@:/-]+$/;
const quoted = (text: string): string => (PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** `words` are written as they are; `user` and `gateway` are quoted where a shell needs it. */
export const relayCommand = (words: string, user: string, gateway: string): string =>
  `relay ${words} --user ${quoted(user)} --gateway ${quoted(gateway)}`;
