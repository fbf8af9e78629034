/** What `moontee help` prints. */
export const USAGE = `Moontee keeps one Moonlight session alive and shows it to any number of browsers.

  moontee demo [--port 8080] [--config FILE]
                                      a server with a built-in host, to see what it does
  moontee serve [--config FILE] [--bind ADDR:PORT]
                                      the server
  moontee pair ADDRESS[:PORT] [--pin 1234] [--config FILE]
                                      add a GameStream host and pair with it
  moontee unpair HOST_ID, moontee forget HOST_ID [--config FILE]
                                      forget the pairing with a host, or the host
  moontee discover [--seconds 3] [--json]
                                      hosts that announce themselves in this network
  moontee hosts [--config FILE]       the hosts that are known
  moontee apps HOST_ID [--config FILE]
                                      the apps of a host
  moontee config print|check|document [--config FILE]
                                      the configuration in force, whether it is valid, all keys
  moontee pipeline list
  moontee pipeline show NAME [--runnable]
  moontee pipeline show peer --as-linked
  moontee pipeline launch NAME [--seconds N]
  moontee pipeline diff STREAMER_ID [--config FILE], diff --dot FILE
                                      GStreamer pipelines, run by gst-launch-1.0 with stand-ins
  moontee doctor [--config FILE]      what is missing on this machine, and how to mend it
  moontee doctor ice [--timeout MS] [--config FILE]
                                      whether viewers' media will find its way, tried for real
  moontee mcp --url URL [--token-file FILE] [--streamer ID]
                                      tools for an agent that looks and acts, over stdio
  moontee demo-host --http-port N [--pin 1234] [--input-log FILE] [--fault …] …
                                      the built-in GameStream host alone
  moontee test, moontee bench NAME    the tests, a benchmark
`;

/** Thrown by a command that was called wrongly: the text is shown with a hint, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
