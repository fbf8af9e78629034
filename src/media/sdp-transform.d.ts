/**
 * The package ships no types, and those of DefinitelyTyped promise strings where it gives numbers for
 * digits (a user fragment of 8 digits). Everything may be missing: what is parsed comes from outside.
 */
declare module 'sdp-transform' {
  export interface SharedAttributes {
    readonly iceUfrag?: string | number;
    readonly icePwd?: string | number;
    readonly setup?: string;
  }

  export interface Candidate {
    readonly foundation: string | number;
    readonly component: number;
    readonly transport: string;
    readonly priority: number | string;
    readonly ip: string;
    readonly port: number;
    readonly type: string;
    readonly tcptype?: string;
  }

  export interface MediaDescription extends SharedAttributes {
    readonly type: string;
    readonly port: number;
    readonly protocol: string;
    readonly payloads?: string | number;
    readonly mid?: string | number;
    readonly direction?: string;
    readonly rtp: readonly {
      readonly payload: number;
      readonly codec: string | number;
      readonly rate?: number;
      readonly encoding?: number;
    }[];
    readonly fmtp: readonly { readonly payload: number; readonly config: string | number }[];
    readonly rtcpFb?: readonly {
      readonly payload: number | string;
      readonly type: string;
      readonly subtype?: string;
    }[];
    readonly candidates?: readonly Candidate[];
    readonly sctpPort?: number | string;
    readonly maxMessageSize?: number | string;
    readonly bundleOnly?: string;
  }

  export interface SessionDescription extends SharedAttributes {
    readonly media: readonly MediaDescription[];
    readonly groups?: readonly { readonly type: string; readonly mids: string | number }[];
  }

  export function parse(sdp: string): SessionDescription;
}
