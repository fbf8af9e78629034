/** Generated from the OpenAPI document by `npm run generate:docs`: do not edit. */

export interface paths {
  '/healthz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether the process is alive
     * @description For supervisors: one that does not get this answer may restart the server.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It is */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Health'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readyz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether the server can serve whoever comes now
     * @description For load balancers. The server is not ready while it drains, if it has lost its data folder, or if streamer processes cannot be started. The last is found out by starting one; the result counts for five minutes, a failure for ten seconds.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It is ready */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Readiness'];
          };
        };
        /** @description It is not, for the reasons named */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Readiness'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/config.js': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Settings of the page, as a module */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description An ES module */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/javascript': unknown;
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/authenticate': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether the credentials are right */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/hosts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** All hosts, in short */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Hosts */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['HostList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/host': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One host */
    get: {
      parameters: {
        query: {
          host_id: number;
          force_refresh?: boolean;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The host */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['HostAnswer'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It does not answer */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    /**
     * Adds a host
     * @description A host of that address and port that is known already is answered as it is.
     */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['AddHostRequest'];
        };
      };
      responses: {
        /** @description The host */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['HostAnswer'];
          };
        };
        /** @description It answers something else than a host does */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It does not answer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It stopped answering */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    post?: never;
    /** Forgets a host and its pairing */
    delete: {
      parameters: {
        query: {
          host_id: number;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/pair': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Pairs with a host
     * @description Two JSON texts in one answer, each a chunk of its own: `{"Pin":"1234"}` at once, then `{"Paired":DetailedHost}` or `"PairError"` when the PIN was entered at the host.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['HostId'];
        };
      };
      responses: {
        /** @description The two parts */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/x-ndjson': unknown;
          };
        };
        /** @description It is paired already */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a minute */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/host/wake': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Wakes a host by its MAC address */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['HostId'];
        };
      };
      responses: {
        /** @description Done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No MAC known, or not sent */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/host/unpair': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Forgets the pairing with a host
     * @description Hosts have no way to be told: they keep the certificate until it is removed there.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['HostId'];
        };
      };
      responses: {
        /** @description Done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/host/cancel': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Quits the app that runs on a host */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['HostId'];
        };
      };
      responses: {
        /** @description Done */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Success'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The host did not do it */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/apps': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Apps of a host */
    get: {
      parameters: {
        query: {
          host_id: number;
          force_refresh?: boolean;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Apps */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AppList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Unpaired or unreachable */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/app/image': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The picture of an app */
    get: {
      parameters: {
        query: {
          host_id: number;
          app_id: number;
          force_refresh?: boolean;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description An image, usually PNG */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/octet-stream': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host, or the app has no picture */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Unpaired or unreachable */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All streamers, oldest first
     * @description Failed ones stay in the list for a while, so that they can be asked why. A viewer gets those that are its own, without what is of others.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Streamers */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['StreamerList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    /**
     * Makes a streamer and starts its session
     * @description Answers when the session with the host is connected, or after some 25 seconds with an error; `wait=false` answers at once. Of several requests with one `streamer_id` exactly one succeeds, the others get 409 and change nothing, so that a retry is always safe: after a 409 GET tells what there is. A request with the header `Idempotency-Key` that is repeated with the same settings is answered with the streamer that the first one made, and waits for it as the first did. A streamer that has failed gives its id up; one that is being deleted is waited for. Settings may stand in the body itself or in `settings`.
     */
    post: {
      parameters: {
        query?: {
          wait?: boolean;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateStreamerRequest'];
        };
      };
      responses: {
        /** @description The streamer */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['StreamerInfo'];
          };
        };
        /** @description Bad request, or the host is not paired */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such host or app */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description There is a streamer of that id, or the host is busy */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a minute */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer could not be started */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The host refused */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Not connected in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * One streamer
     * @description A viewer gets it without outputs, client and reasons for operators; `peers` are for those who manage it.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The streamer */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['StreamerInfo'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /**
     * Ends a streamer: viewers are told and closed, the session ends, the process exits
     * @description `quit_app=false` leaves the app running on the host; `quit_app=true` quits it even if other streamers use it, which start it again. By default it is quit with the last streamer that uses it.
     */
    delete: {
      parameters: {
        query?: {
          quit_app?: boolean;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/stats': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Statistics of session, pipeline and peers */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description `{"stats": …}` */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/dot': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The media graph in Graphviz’s language */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A digraph */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/vnd.graphviz': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/control': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who steers, and whose the pads are */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Control */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ControlInfo'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    /**
     * Changes who steers, and whose the pads are
     * @description What is left out stays as it is. In the mode `single` one viewer has pointer, keyboard and touch, and every viewer its own pads; in the mode `locked` nobody has any of them. What a viewer loses the right to is released at once, and all viewers are told. It lasts as long as the streamer, whatever becomes of its session.
     */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ControlRequest'];
        };
      };
      responses: {
        /** @description Control */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ControlInfo'];
          };
        };
        /** @description Bad request, or a holder in a mode that has none */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The holder has no right to steer, or the caller none to manage */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or viewer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/input': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What is held at the host, and by whom */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Viewers who hold something, or have a pad */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['HeldInputList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    /**
     * Executes a list of input events
     * @description Everything is checked before anything is sent; a refusal names the event by its index. The events are executed in order, as a viewer of its own, and the answer comes when the last one has gone to the host; then everything that is still held is released. Lists of one streamer wait for each other. A person who does something pauses a list between two events (`agent_pause_ms`), and ends it in the midst of one or while it holds something. A caller that leaves ends its list. See docs/agents.md.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['AgentInputRequest'];
        };
      };
      responses: {
        /** @description All of them have gone to the host */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AgentInputAnswer'];
          };
        };
        /** @description An event is wrong */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description An event needs a right that the caller does not have now */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now, or a person has taken over */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Not executed in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    /**
     * Lets go of what is held
     * @description Of everything, or of what the viewer `peer_id` holds. It stays so until it is pressed anew.
     */
    delete: {
      parameters: {
        query?: {
          peer_id?: string;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or viewer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description It did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/recordings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All recordings of a streamer, oldest first
     * @description Recordings outlive their streamer.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Recordings */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['RecordingList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such recording, or recording is off */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    /**
     * Starts a recording
     * @description It begins with the next key frame and goes on until it is stopped, its streamer ends or a limit is reached. Without `recordings_path` in the configuration, recording is off.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The recording */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['RecordingInfo'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer, or recording is off */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The recording could not be started */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/recordings/{recording}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One recording */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          recording: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The recording */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['RecordingInfo'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such recording, or recording is off */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    /**
     * Stops a recording
     * @description Its files stay and are complete when this is answered. `files=true` removes them too.
     */
    delete: {
      parameters: {
        query?: {
          files?: boolean;
        };
        header?: never;
        path: {
          id: string;
          recording: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such recording, or recording is off */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/recordings/{recording}/files/{number}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * A file of a recording, from 1
     * @description One range may be asked for. The file of a running recording grows.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          recording: string;
          number: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The file */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'video/x-matroska': unknown;
          };
        };
        /** @description A range of it */
        206: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'video/x-matroska': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such recording, or recording is off */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such range */
        416: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/outputs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** All outputs of a streamer */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Outputs */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OutputList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/outputs/{name}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One output */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          name: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The output */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OutputInfo'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or output */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    /**
     * Sends the media of a streamer to another server as well
     * @description Takes the place of an output of that name; one that is the same goes on, unless it has failed. The target must be listed in `outputs_allowed`. An output belongs to its streamer: it begins again with each process, and is restored with it. While its receiver is not reached it tries again by itself.
     */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          name: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PutOutputRequest'];
        };
      };
      responses: {
        /** @description The output, which was there */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OutputInfo'];
          };
        };
        /** @description The output */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['OutputInfo'];
          };
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The target is not listed */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer is stopping */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The name of the target cannot be resolved */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    post?: never;
    /** Ends an output */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          name: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or output */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/snapshot.png': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The picture of a streamer as PNG
     * @description The first one waits for a key frame of the host. It is `max_age_ms` old at most (default 250), unless nothing has come from the host since. `width` makes it smaller. `Moontee-Picture-Age` tells its age in milliseconds.
     */
    get: {
      parameters: {
        query?: {
          width?: number;
          max_age_ms?: number;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The picture */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'image/png': unknown;
          };
        };
        /** @description It is the one of `If-None-Match` */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a second */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description There is no decoder for the codec of the stream, or it failed */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No picture came in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/snapshot.jpg': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The picture of a streamer as JPEG
     * @description The first one waits for a key frame of the host. It is `max_age_ms` old at most (default 250), unless nothing has come from the host since. `width` makes it smaller. `Moontee-Picture-Age` tells its age in milliseconds.
     */
    get: {
      parameters: {
        query?: {
          width?: number;
          max_age_ms?: number;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The picture */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'image/jpeg': unknown;
          };
        };
        /** @description It is the one of `If-None-Match` */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a second */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description There is no decoder for the codec of the stream, or it failed */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No picture came in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/peer': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * WebSocket of a viewer
     * @description Messages: see `x-websocket-messages`. Credentials by header or first message; without those in the header, whether the streamer exists is told after the first message.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A WebSocket */
        101: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No upgrade */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A page of another site */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many wrong credentials */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many sockets that have not authenticated */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/media': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * WebSocket of a viewer’s media
     * @description Binary messages of the subprotocol `moontee.media.v1`, see docs/protocol/signaling.md, section d. `t` is a ticket that the viewer was given on its viewer socket; other credentials are not needed.
     */
    get: {
      parameters: {
        query: {
          t: string;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A WebSocket */
        101: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No upgrade, or another subprotocol */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The ticket is unknown, used, too old or of another streamer */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The viewer has no session now */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/whep': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Joins a streamer by WHEP
     * @description The body is an offer that receives video, and perhaps sound. The answer has all candidates of the server. `Location` names the session, `ETag` its ICE session, and each `Link` an ICE server. A streamer that has no session with its host is waited for, five seconds at most. With `offer=server` the body is ignored: the answer is 406 with an offer of the server, and `Location`.
     */
    post: {
      parameters: {
        query?: {
          offer?: string;
        };
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/sdp': unknown;
        };
      };
      responses: {
        /** @description The answer */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/sdp': unknown;
          };
        };
        /** @description The offer is invalid */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description This server sends no media over WebRTC */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The player does not take the codec of the stream; or the offer of the server */
        406: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has no session now; see `Retry-After` */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The offer is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The body is no SDP */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a minute */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer has failed */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached; see `Retry-After` */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The streamer did not answer in time */
        504: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    /**
     * What a player may send, and its ICE servers
     * @description The ICE servers stand in `Link`, and only in an answer to a request with credentials.
     */
    options: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description `Accept-Post`, and `Link` for each ICE server */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    /** Whether a player can join here */
    head: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It can */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/sdp': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description This server sends no media over WebRTC */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
      };
    };
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/whep/{session}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Ends the session of a player */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          session: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such session, or it is over */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    /**
     * Candidates of a player, or its restart of ICE
     * @description A fragment with a user fragment that is not known yet restarts ICE, which needs `If-Match`: `"*"` or the `ETag`. Otherwise `If-Match` may be missing. The answer to an offer of the server comes as `application/sdp`.
     */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          session: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/trickle-ice-sdpfrag': unknown;
        };
      };
      responses: {
        /** @description ICE is restarted: credentials and candidates of the server, and another `ETag` */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/trickle-ice-sdpfrag': unknown;
          };
        };
        /** @description The candidates are taken */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such session, or it is over */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description `If-Match` names another ICE session */
        412: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The fragment is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The body is neither a fragment nor SDP */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The fragment, or the answer, cannot be applied */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A restart without `If-Match` */
        428: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    trace?: never;
  };
  '/api/streamers/{id}/viewers/{viewer}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Ends a viewer
     * @description It is told so, and does not come back by itself. To keep it out, delete its token as well.
     */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          viewer: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or viewer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    /**
     * Changes what a viewer may do, from now on
     * @description Until it leaves: who comes back has what its token gives. What it holds without the right is released. Without `watch` it is ended. Nobody gives rights that they do not have.
     */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          viewer: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['PatchViewerRequest'];
        };
      };
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or viewer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    trace?: never;
  };
  '/api/streamers/{id}/tokens': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Tokens of a streamer that are good, without the tokens themselves */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Tokens */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['TokenList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    /**
     * Makes a token for a viewer
     * @description It is good for this streamer, as `Authorization: Bearer`, as `credentials` of the first message of a viewer socket, and as `?token=`. It gives no more than its giver has, and ends with its giver’s token at the latest.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateTokenRequest'];
        };
      };
      responses: {
        /** @description The token */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['NewToken'];
          };
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/tokens/{token}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Takes a token back, by its id
     * @description Everything that is open by it ends at once, viewers with close code 4003. So does what its holder has given to others.
     */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
          token: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or token */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/shares': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Links of a streamer, and who came by them
     * @description Who does not manage the streamer sees the links that it has made itself.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Links */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ShareList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    /**
     * Makes a link by which people come to a streamer
     * @description Who comes by it gets a token with its rights, which ends when the link does. `pin` has 4 to 64 characters; after ten wrong ones the link lets nobody in.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['CreateShareRequest'];
        };
      };
      responses: {
        /** @description The link */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['NewShare'];
          };
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/streamers/{id}/shares/{share}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Takes a link back
     * @description Who came by it is ended as well, unless `keep_viewers=true`.
     */
    delete: {
      parameters: {
        query?: {
          keep_viewers?: boolean;
        };
        header?: never;
        path: {
          id: string;
          share: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Done */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The caller does not have the right */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description No such streamer or link */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/shares/redeem': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Comes by a link */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['RedeemShareRequest'];
        };
      };
      responses: {
        /** @description A token */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['NewToken'];
          };
        };
        /** @description Bad request */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The link needs a PIN, or it is wrong */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description The link does not exist, or is not good any more */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many in a minute */
        429: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description A limit is reached */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/sessions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Streamers as sessions */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Sessions */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SessionList'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/admin/status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Sessions and client identities */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Status */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AdminStatus'];
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Events of streamers, peers, recordings and outputs
     * @description Server-sent events, each an `Event`; `Last-Event-ID` resumes. An event `reset` says that the gap is too long: read the lists again. A viewer reads of the streamers that it may watch and of their peers, and the stream ends with its token.
     */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A stream of events */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
        /** @description Too many readers */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This document */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description OpenAPI 3.1 */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Prometheus metrics */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Metrics */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/plain': unknown;
          };
        };
        /** @description Missing or wrong credentials */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Error'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Health: {
      /** @constant */
      status: 'ok';
    };
    Readiness: {
      /** @enum {string} */
      status: 'ready' | 'not_ready';
      reasons: ('draining' | 'data_folder' | 'streamer_process')[];
    };
    /**
     * @description - `STREAMER_NOT_FOUND`: Streamer not found. Create the streamer, or use an id that `GET /api/streamers` lists.
     *     - `STREAMER_EXISTS`: Streamer already exists. Use the streamer that exists, or delete it first.
     *     - `HOST_NOT_FOUND`: Host not found. Add the host with `PUT /api/host`, or use an id that `GET /api/hosts` lists.
     *     - `HOST_NOT_PAIRED`: Host not paired. Pair the host with `POST /api/pair`.
     *     - `PAIRING_PIN_MISSING`: Auto-pairing PIN not configured. Set `pairing_pin`, or pair the host by hand.
     *     - `APP_NOT_FOUND`: App not found. Use an app that `GET /api/apps` lists for this host.
     *     - `BAD_REQUEST`: Bad request. Correct the request; the message names the invalid part.
     *     - `UNAUTHORIZED`: Unauthorized. Send the credentials that the server is configured with.
     *     - `FORBIDDEN`: Forbidden. Use credentials that permit this, and list the origin of the page in `allowed_origins`.
     *     - `IDENTITY_UNAVAILABLE`: The keys of the identity provider cannot be had. Check `identity` in the configuration, and that the server reaches the provider.
     *     - `SHARE_ENDED`: This link does not exist, or is not good any more. Ask for another link.
     *     - `SHARE_PIN_REQUIRED`: This link needs its PIN. Send the PIN that was set for the link.
     *     - `SHARE_PIN_WRONG`: This PIN is wrong. Ask for the PIN: after ten wrong ones the link lets nobody in.
     *     - `NOT_FOUND`: Not found. Correct the path; `GET /api/openapi.json` lists all of them.
     *     - `METHOD_NOT_ALLOWED`: Method not allowed. Use one of the methods that the header `Allow` lists.
     *     - `PRECONDITION_FAILED`: Precondition failed. Use the `ETag` of the latest answer in `If-Match`.
     *     - `MEDIA_TYPE_UNSUPPORTED`: Unsupported media type. Send the `Content-Type` that the message names.
     *     - `PRECONDITION_REQUIRED`: Precondition required. Send the header `If-Match`.
     *     - `BODY_TOO_LARGE`: Request body too large. Send a smaller body, or raise `max_body_bytes`.
     *     - `RATE_LIMITED`: Too many requests. Wait as long as `Retry-After` asks for, and send fewer requests.
     *     - `LIMIT_REACHED`: A configured limit is reached. Close what is not needed any more, or raise the limit that the message names.
     *     - `DATA_IN_USE`: Another Moontee uses the data folder. Stop the other Moontee, or give this one another `data_path`.
     *     - `BACKUP_INVALID`: The backup cannot be used. Back up to a file that is not there yet, and restore what this version or an earlier one wrote.
     *     - `NO_SERVER`: No server runs on the data folder. Start it with `moontee serve`, and give the command the same `--config`.
     *     - `DRAINING`: The server is being drained and lets nobody else in. Use another server, or try again when this one is back.
     *     - `ADDRESS_UNAVAILABLE`: The address cannot be listened on. Choose another address with `--bind ADDRESS:PORT` (the demo: `--port NUMBER`), or end what uses this one; `ss -ltnp` shows it.
     *     - `CONFIG_INVALID`: Invalid configuration. Run `moontee config check`, which names the invalid keys.
     *     - `HOST_UNREACHABLE`: Host unreachable. Check that the host runs, and that the server reaches its address and ports.
     *     - `HOST_ANSWER_INVALID`: Invalid answer from the host. Check that a GameStream host, and nothing else, listens at this address and port.
     *     - `HOST_REFUSED`: The host refused. Look for the reason of the refusal in the log of the host.
     *     - `HOST_BUSY`: The host is running another app. End the app that runs on the host, or wait until it ends.
     *     - `HOST_CERTIFICATE_CHANGED`: The host shows another certificate than the one it was paired with. If the host was installed again, remove it and pair it again.
     *     - `PAIRING_FAILED`: Pairing failed. Start the pairing again; the log of the host has the reason.
     *     - `PAIRING_IN_PROGRESS`: The host is in the middle of another pairing. Wait until the other pairing ends, then try again.
     *     - `PAIRING_MITM`: Another machine intercepts the connection to the host. Pair again over a network that you trust.
     *     - `PAIRING_WRONG_PIN`: Wrong PIN. Enter the PIN that Moontee shows, or set `pairing_pin` to the one that the host expects.
     *     - `RTSP_FAILED`: RTSP handshake failed. Check that the RTSP port of the host is reachable over TCP, and read the log of the host.
     *     - `CONTROL_FAILED`: Control stream failed. Check that the control port of the host is reachable over UDP.
     *     - `NO_VIDEO`: The host sends no video. Check that UDP from the video port of the host arrives, and that its encoder works.
     *     - `STREAM_TERMINATED`: The host ended the stream. Start the app again; the log of the host has the reason of the end.
     *     - `ENCRYPTION_REQUIRED`: The host requires an encryption that is not available. Let the host stream without the encryption that the message names.
     *     - `CODEC_UNAVAILABLE`: No installed element can carry this codec to a browser. Install the GStreamer element that the log names, or ask for another codec.
     *     - `PIPELINE_FAILED`: The media pipeline failed. Look for the failed element in the log, and upgrade GStreamer if it fails again.
     *     - `ELEMENT_MISSING`: A GStreamer element is missing. Install the GStreamer element that the log names; `moontee doctor` checks all of them.
     *     - `RECORDING_NOT_FOUND`: Recording not found. Use an id that `GET /api/streamers/ID/recordings` lists.
     *     - `RECORDING_DISK_FULL`: The disk of the recordings is full. Make room under `recordings_path`, or set `recordings_mib` below what the disk has.
     *     - `RECORDING_FAILED`: The recording failed. Look for the failed file or element in the log; the folder must be writable.
     *     - `OUTPUT_NOT_FOUND`: Output not found. Use a name that `GET /api/streamers/ID/outputs` lists.
     *     - `OUTPUT_FORBIDDEN`: The target of the output is not allowed. List the target in `outputs_allowed`, or use one that is listed.
     *     - `OUTPUT_REFUSED`: The receiver of the output refused it. Check URL and token of the output, and the codecs that the receiver takes.
     *     - `OUTPUT_FAILED`: The receiver of the output cannot be reached. Check that the receiver runs and is reached; the output tries again by itself.
     *     - `VIEWER_MESSAGE_INVALID`: Invalid message. Send messages as `docs/socket-messages.md` describes them.
     *     - `VIEWER_TIMEOUT`: The viewer did not answer in time. Answer the offer in time; browsers slow down pages in the background.
     *     - `VIEWER_SDP_INVALID`: Invalid session description. Send the description that the browser made, without changes to its sections.
     *     - `VIEWER_CODEC_UNSUPPORTED`: The viewer cannot play the video of this streamer. Use a browser that plays the codec, or create the streamer with another codec.
     *     - `ICE_FAILED`: No network path between the viewer and the server. Run `moontee doctor ice`, and add a TURN server for viewers without a direct path.
     *     - `VIEWER_STALLED`: The viewer could not keep up with the stream. Give the viewer a faster network, or lower the bitrate of the streamer.
     *     - `VIEWER_CERTIFICATE_MISMATCH`: The certificate on the media path is not the one that the viewer announced. Look for a proxy or an attacker on the media path.
     *     - `VIEWER_FLOODS`: The viewer sent more than any player can. Look for a broken or hostile client at the address in the log.
     *     - `PERSON_TOOK_OVER`: A person has taken over. Look at the picture again before you go on: a person has changed it.
     *     - `STREAMER_FAILED`: The streamer failed. Read `failure` in `GET /api/streamers/{id}`, and the log.
     *     - `STREAMER_HUNG`: The streamer stopped responding. Look for the states of its threads in the log; report it if it happens again.
     *     - `STREAMER_MEMORY`: The streamer took more memory than it may have. Raise `streamer_memory_mib`, or lower `max_viewers`.
     *     - `STREAMER_STOPPING`: The streamer is stopping. Wait until the streamer is gone, then create it again.
     *     - `TIMEOUT`: Timed out. Check the load of the machine and of the host, then try again.
     *     - `CLOSED`: Already closed. Try again once the server, or the session of the streamer, is back.
     *     - `INTERNAL`: Internal server error. Look for the error in the log and report it.
     * @enum {string}
     */
    ErrorCode:
      | 'STREAMER_NOT_FOUND'
      | 'STREAMER_EXISTS'
      | 'HOST_NOT_FOUND'
      | 'HOST_NOT_PAIRED'
      | 'PAIRING_PIN_MISSING'
      | 'APP_NOT_FOUND'
      | 'BAD_REQUEST'
      | 'UNAUTHORIZED'
      | 'FORBIDDEN'
      | 'IDENTITY_UNAVAILABLE'
      | 'SHARE_ENDED'
      | 'SHARE_PIN_REQUIRED'
      | 'SHARE_PIN_WRONG'
      | 'NOT_FOUND'
      | 'METHOD_NOT_ALLOWED'
      | 'PRECONDITION_FAILED'
      | 'MEDIA_TYPE_UNSUPPORTED'
      | 'PRECONDITION_REQUIRED'
      | 'BODY_TOO_LARGE'
      | 'RATE_LIMITED'
      | 'LIMIT_REACHED'
      | 'DATA_IN_USE'
      | 'BACKUP_INVALID'
      | 'NO_SERVER'
      | 'DRAINING'
      | 'ADDRESS_UNAVAILABLE'
      | 'CONFIG_INVALID'
      | 'HOST_UNREACHABLE'
      | 'HOST_ANSWER_INVALID'
      | 'HOST_REFUSED'
      | 'HOST_BUSY'
      | 'HOST_CERTIFICATE_CHANGED'
      | 'PAIRING_FAILED'
      | 'PAIRING_IN_PROGRESS'
      | 'PAIRING_MITM'
      | 'PAIRING_WRONG_PIN'
      | 'RTSP_FAILED'
      | 'CONTROL_FAILED'
      | 'NO_VIDEO'
      | 'STREAM_TERMINATED'
      | 'ENCRYPTION_REQUIRED'
      | 'CODEC_UNAVAILABLE'
      | 'PIPELINE_FAILED'
      | 'ELEMENT_MISSING'
      | 'RECORDING_NOT_FOUND'
      | 'RECORDING_DISK_FULL'
      | 'RECORDING_FAILED'
      | 'OUTPUT_NOT_FOUND'
      | 'OUTPUT_FORBIDDEN'
      | 'OUTPUT_REFUSED'
      | 'OUTPUT_FAILED'
      | 'VIEWER_MESSAGE_INVALID'
      | 'VIEWER_TIMEOUT'
      | 'VIEWER_SDP_INVALID'
      | 'VIEWER_CODEC_UNSUPPORTED'
      | 'ICE_FAILED'
      | 'VIEWER_STALLED'
      | 'VIEWER_CERTIFICATE_MISMATCH'
      | 'VIEWER_FLOODS'
      | 'PERSON_TOOK_OVER'
      | 'STREAMER_FAILED'
      | 'STREAMER_HUNG'
      | 'STREAMER_MEMORY'
      | 'STREAMER_STOPPING'
      | 'TIMEOUT'
      | 'CLOSED'
      | 'INTERNAL';
    Error: {
      error: string;
      code: components['schemas']['ErrorCode'];
    };
    UndetailedHost: {
      host_id: number;
      name: string;
      /** @enum {string} */
      paired: 'Paired' | 'NotPaired';
      server_state: ('Free' | 'Busy') | null;
    };
    HostList: {
      hosts: components['schemas']['UndetailedHost'][];
    };
    DetailedHost: {
      host_id: number;
      name: string;
      /** @enum {string} */
      paired: 'Paired' | 'NotPaired';
      /** @enum {string} */
      server_state: 'Free' | 'Busy';
      address: string;
      http_port: number;
      https_port: number;
      external_port: number;
      version: string;
      gfe_version: string;
      unique_id: string;
      mac: string | null;
      local_ip: string;
      current_game: number;
      max_luma_pixels_hevc: number;
      server_codec_mode_support: number;
    };
    HostAnswer: {
      host: components['schemas']['DetailedHost'];
    };
    AddHostRequest: {
      address: string;
    } & {
      http_port?: number | null;
    };
    HostId: {
      host_id: number;
    };
    Success: {
      success: boolean;
    };
    App: {
      app_id: number;
      title: string;
      is_hdr_supported: boolean;
    };
    AppList: {
      apps: components['schemas']['App'][];
    };
    Settings: {
      /**
       * @description Pixels.
       * @example 1920
       */
      width?: number | null;
      /**
       * @description Pixels.
       * @example 1080
       */
      height?: number | null;
      /**
       * @description Pictures a second.
       * @example 60
       */
      fps?: number | null;
      /**
       * @description Kbit/s.
       * @example 20000
       */
      bitrate?: number | null;
      /**
       * @description Bytes of a packet of video from the host.
       * @example 1024
       */
      packet_size?: number | null;
      /**
       * @description Sum of what may be sent: 1 H.264, 256 H.265, 512 H.265 with 10 bit, 4096 AV1, 8192 AV1 with 10 bit.
       * @example 1
       */
      video_supported_formats?: number | null;
      /**
       * @description Rec601, Rec709 or Rec2020.
       * @example Rec709
       */
      video_colorspace?: ('Rec601' | 'Rec709' | 'Rec2020') | null;
      /**
       * @description Full range of brightness instead of the limited one.
       * @example false
       */
      video_color_range_full?: boolean | null;
      /**
       * @description Sound on the host as well.
       * @example false
       */
      play_audio_local?: boolean | null;
      /**
       * @description Accepted from old callers; not used.
       * @example 10
       */
      video_sample_queue_size?: number | null;
      /**
       * @description Accepted from old callers; not used.
       * @example 10
       */
      audio_sample_queue_size?: number | null;
      /**
       * @description Channels of sound: 2, 6 or 8.
       * @example 2
       */
      audio_channels?: (2 | 6 | 8) | null;
      /**
       * @description High dynamic range, for formats with 10 bit.
       * @example false
       */
      hdr?: boolean | null;
    };
    NestedCreateRequest: ({
      /**
       * @description Id of a paired host, as GET /api/hosts lists it.
       * @example 0
       */
      host_id: number;
      /**
       * @description Id of an app, as GET /api/apps lists it for the host.
       * @example 1
       */
      app_id: number;
    } & {
      /**
       * @description Name of the streamer, 1 to 128 of A-Z a-z 0-9 _ . ~ : @ + -; left out: one is made up.
       * @example desk
       */
      streamer_id?: string | null;
      /**
       * @description Identity of its own towards the host; left out: that of the pairing.
       * @example desk
       */
      client_unique_id?: string | null;
    }) & {
      settings: components['schemas']['Settings'];
    };
    FlatCreateRequest: ({
      /**
       * @description Id of a paired host, as GET /api/hosts lists it.
       * @example 0
       */
      host_id: number;
      /**
       * @description Id of an app, as GET /api/apps lists it for the host.
       * @example 1
       */
      app_id: number;
    } & {
      /**
       * @description Name of the streamer, 1 to 128 of A-Z a-z 0-9 _ . ~ : @ + -; left out: one is made up.
       * @example desk
       */
      streamer_id?: string | null;
      /**
       * @description Identity of its own towards the host; left out: that of the pairing.
       * @example desk
       */
      client_unique_id?: string | null;
    }) &
      components['schemas']['Settings'];
    CreateStreamerRequest:
      components['schemas']['NestedCreateRequest'] | components['schemas']['FlatCreateRequest'];
    /** @enum {string} */
    Right: 'watch' | 'pointer' | 'keyboard' | 'touch' | 'gamepad' | 'share' | 'manage';
    RightList: components['schemas']['Right'][];
    PeerInfo: {
      peer_id: string;
      connected_at: string;
      /** @enum {string} */
      state: 'waiting' | 'negotiating' | 'connected';
      quality: ('good' | 'constrained' | 'stalled') | null;
      /** @enum {string} */
      transport: 'webrtc' | 'websocket' | 'desktop';
      /** @enum {string} */
      kind: 'socket' | 'whep';
      name: string | null;
      rights: components['schemas']['RightList'];
    };
    /** @enum {string} */
    OutputState: 'connecting' | 'active' | 'retrying' | 'failed';
    OutputInfo: {
      name: string;
      /** @enum {string} */
      type: 'rtp' | 'whip';
      state: components['schemas']['OutputState'];
      changed_at: string;
      code: components['schemas']['ErrorCode'] | null;
      reason: string | null;
      url: string | null;
      has_token: boolean;
      host: string | null;
      video_port: number | null;
      audio_port: number | null;
      video_rtcp_port: number | null;
      keyframe_interval_ms: number;
    };
    StreamerInfo: {
      streamer_id: string;
      /** @enum {string} */
      status: 'starting' | 'active' | 'reconnecting' | 'failed' | 'stopping';
      moonlight_connected: boolean;
      connected_peers: number;
      width: number;
      height: number;
      fps: number;
      created_at: string;
      peers: components['schemas']['PeerInfo'][];
      outputs: components['schemas']['OutputInfo'][];
      host_id: number;
      app_id: number;
      client_unique_id: string | null;
      codec: string | null;
      restarts: number;
      failure: {
        code: components['schemas']['ErrorCode'];
        reason: string;
        at: string;
      } | null;
      error: string | null;
    };
    StreamerList: {
      streamers: components['schemas']['StreamerInfo'][];
    };
    /** @enum {string} */
    ControlMode: 'shared' | 'single' | 'locked';
    ControlInfo: {
      mode: components['schemas']['ControlMode'];
      holder: string | null;
      asking: string[];
      idle_timeout_ms: number;
      pads: (string | null)[];
    };
    ControlRequest: {
      mode?: components['schemas']['ControlMode'];
      holder?: string | null;
      idle_timeout_ms?: number;
      pads?: (string | null)[];
    };
    ViewerHold: {
      peer_id: string;
      keys: number[];
      buttons: number[];
      touches: number;
      pads: {
        slot: number;
        pressed: boolean;
      }[];
    };
    HeldInput: components['schemas']['ViewerHold'] & {
      name: string | null;
    };
    HeldInputList: {
      viewers: components['schemas']['HeldInput'][];
    };
    RecordingFileInfo: {
      number: number;
      bytes: number;
      modified_at: string;
    };
    RecordingInfo: {
      recording_id: string;
      streamer_id: string;
      /** @enum {string} */
      status: 'recording' | 'ended';
      started_at: string;
      ended_at: string | null;
      code: string | null;
      reason: string | null;
      bytes: number;
      files: components['schemas']['RecordingFileInfo'][];
    };
    RecordingList: {
      recordings: components['schemas']['RecordingInfo'][];
    };
    OutputList: {
      outputs: components['schemas']['OutputInfo'][];
    };
    PutRtpOutput: {
      /** @constant */
      type: 'rtp';
      host: string;
    } & {
      video_port?: number | null;
      audio_port?: number | null;
      video_rtcp_port?: number | null;
      keyframe_interval_ms?: number | null;
    };
    PutWhipOutput: {
      /** @constant */
      type: 'whip';
      url: string;
    } & {
      token?: string | null;
      keyframe_interval_ms?: number | null;
    };
    PutOutputRequest:
      components['schemas']['PutRtpOutput'] | components['schemas']['PutWhipOutput'];
    AgentKey: {
      /** @constant */
      type: 'key';
      key: string | string[];
    } & {
      /** @enum {string} */
      action?: 'press' | 'down' | 'up';
    };
    AgentText: {
      /** @constant */
      type: 'text';
      text: string;
    };
    AgentMove: {
      /** @constant */
      type: 'move';
      x: number;
      y: number;
    };
    AgentMoveBy: {
      /** @constant */
      type: 'move-by';
      dx: number;
      dy: number;
    };
    AgentClick: {
      /** @constant */
      type: 'click';
    } & {
      x?: number;
      y?: number;
      /** @enum {string} */
      button?: 'left' | 'middle' | 'right' | 'back' | 'forward';
      count?: number;
    };
    AgentButton: {
      /** @constant */
      type: 'button';
      /** @enum {string} */
      action: 'down' | 'up';
    } & {
      x?: number;
      y?: number;
      /** @enum {string} */
      button?: 'left' | 'middle' | 'right' | 'back' | 'forward';
    };
    Point: {
      x: number;
      y: number;
    };
    AgentDrag: {
      /** @constant */
      type: 'drag';
      from: components['schemas']['Point'];
      to: components['schemas']['Point'];
    } & {
      /** @enum {string} */
      button?: 'left' | 'middle' | 'right' | 'back' | 'forward';
      steps?: number;
    };
    AgentScroll: {
      /** @constant */
      type: 'scroll';
    } & {
      x?: number;
      y?: number;
      dx?: number;
      dy?: number;
    };
    AgentTouch: {
      /** @constant */
      type: 'touch';
      /** @enum {string} */
      action: 'tap' | 'down' | 'move' | 'up';
      x: number;
      y: number;
    } & {
      finger?: number;
      pressure?: number;
    };
    Stick: {
      x: number;
      y: number;
    };
    AgentPad: {
      /** @constant */
      type: 'pad';
    } & {
      pad?: number;
      /** @enum {string} */
      action?: 'state' | 'unplug';
      buttons?: string[];
      left?: components['schemas']['Stick'];
      right?: components['schemas']['Stick'];
      left_trigger?: number;
      right_trigger?: number;
    };
    AgentWait: {
      /** @constant */
      type: 'wait';
      ms: number;
    };
    AgentEvent:
      | components['schemas']['AgentKey']
      | components['schemas']['AgentText']
      | components['schemas']['AgentMove']
      | components['schemas']['AgentMoveBy']
      | components['schemas']['AgentClick']
      | components['schemas']['AgentButton']
      | components['schemas']['AgentDrag']
      | components['schemas']['AgentScroll']
      | components['schemas']['AgentTouch']
      | components['schemas']['AgentPad']
      | components['schemas']['AgentWait'];
    AgentInputRequest: {
      events: components['schemas']['AgentEvent'][];
    } & {
      name?: string | null;
    };
    AgentInputAnswer: {
      executed: number;
      duration_ms: number;
      paused_ms: number;
    };
    PatchViewerRequest: {
      rights: components['schemas']['RightList'];
    };
    CreateTokenRequest: {
      rights: components['schemas']['RightList'];
    } & {
      name?: string | null;
      expires_in_s?: number | null;
    };
    NewToken: {
      id: string;
      streamer_id: string;
      name: string | null;
      rights: components['schemas']['RightList'];
      issued_at: string;
      expires_at: string;
      share_id: string | null;
      token: string;
    };
    TokenInfo: {
      id: string;
      streamer_id: string;
      name: string | null;
      rights: components['schemas']['RightList'];
      issued_at: string;
      expires_at: string;
      share_id: string | null;
    };
    TokenList: {
      tokens: components['schemas']['TokenInfo'][];
    };
    CreateShareRequest: {
      rights: components['schemas']['RightList'];
    } & {
      expires_in_s?: number | null;
      max_uses?: number | null;
      pin?: string | null;
    };
    ShareVisitor: {
      name: string | null;
      at: string;
      token_id: string;
    };
    NewShare: {
      id: string;
      streamer_id: string;
      rights: components['schemas']['RightList'];
      created_at: string;
      expires_at: string;
      max_uses: number | null;
      uses: number;
      has_pin: boolean;
      /** @enum {string} */
      state: 'open' | 'used_up' | 'locked';
      visitors: components['schemas']['ShareVisitor'][];
      url: string;
      secret: string;
    };
    ShareInfo: {
      id: string;
      streamer_id: string;
      rights: components['schemas']['RightList'];
      created_at: string;
      expires_at: string;
      max_uses: number | null;
      uses: number;
      has_pin: boolean;
      /** @enum {string} */
      state: 'open' | 'used_up' | 'locked';
      visitors: components['schemas']['ShareVisitor'][];
    };
    ShareList: {
      shares: components['schemas']['ShareInfo'][];
    };
    RedeemShareRequest: {
      secret: string;
    } & {
      pin?: string | null;
      name?: string | null;
    };
    Session: {
      session_id: string;
      client_unique_id: string | null;
      /** @enum {string} */
      mode: 'create' | 'keepalive' | 'join';
      has_websocket: boolean;
      streamer_pid: number | null;
      streamer_alive: boolean;
    };
    SessionList: {
      sessions: components['schemas']['Session'][];
    };
    AdminStatus: {
      total_clients: number;
      total_sessions: number;
      active_websockets: number;
      clients: {
        client_unique_id: string;
        has_certificate: boolean;
      }[];
      sessions: components['schemas']['Session'][];
    };
    PresenceRequest: {
      name?: string | null;
      pointers?: boolean;
    };
    AuthenticateAndInit: {
      credentials: string | null;
    } & {
      client_unique_id?: string | null;
      resume_secret?: string | null;
      host_quality?: boolean | null;
      presence?: components['schemas']['PresenceRequest'] | null;
      session_id?: string | null;
      mode?: ('create' | 'keepalive' | 'join') | null;
      host_id?: number | null;
      app_id?: number | null;
      bitrate?: number | null;
      packet_size?: number | null;
      fps?: number | null;
      width?: number | null;
      height?: number | null;
      video_sample_queue_size?: number | null;
      audio_sample_queue_size?: number | null;
      play_audio_local?: boolean | null;
      video_supported_formats?: number | null;
      video_colorspace?: ('Rec601' | 'Rec709' | 'Rec2020') | null;
      video_color_range_full?: boolean | null;
    };
    SessionDescription: {
      /** @enum {string} */
      ty: 'offer' | 'answer' | 'pranswer' | 'rollback' | 'unspecified';
      sdp: string;
    };
    IceCandidate: {
      candidate: string;
    } & {
      sdp_mid?: string | null;
      sdp_mline_index?: number | null;
      username_fragment?: string | null;
    };
    Signaling:
      | {
          Description: components['schemas']['SessionDescription'];
        }
      | {
          AddIceCandidate: components['schemas']['IceCandidate'];
        };
    MediaSupport: {
      video: string[];
      audio: string[];
    };
    ControlOrder:
      | ('Ask' | 'Release' | 'Take')
      | {
          Grant: {
            peer_id: string;
          };
        }
      | {
          Deny: {
            peer_id: string;
          };
        }
      | {
          Set: components['schemas']['ControlRequest'];
        }
      | {
          ReleaseInput: {
            peer_id: string | null;
          };
        };
    StreamClientMessage:
      | {
          AuthenticateAndInit: components['schemas']['AuthenticateAndInit'];
        }
      | {
          Signaling: components['schemas']['Signaling'];
        }
      | {
          RestartIce: Record<string, never>;
        }
      | {
          MediaSocket: {
            support: components['schemas']['MediaSupport'];
          };
        }
      | {
          Control: components['schemas']['ControlOrder'];
        }
      | {
          Rename: {
            name: string | null;
          };
        }
      | {
          Pointers: {
            wanted: boolean;
          };
        };
    IceServer: {
      urls: string[];
      username: string;
      credential: string;
    };
    /**
     * @description - `STREAMER_NOT_FOUND`: Streamer not found. Create the streamer, or use an id that `GET /api/streamers` lists.
     *     - `STREAMER_EXISTS`: Streamer already exists. Use the streamer that exists, or delete it first.
     *     - `HOST_NOT_FOUND`: Host not found. Add the host with `PUT /api/host`, or use an id that `GET /api/hosts` lists.
     *     - `HOST_NOT_PAIRED`: Host not paired. Pair the host with `POST /api/pair`.
     *     - `PAIRING_PIN_MISSING`: Auto-pairing PIN not configured. Set `pairing_pin`, or pair the host by hand.
     *     - `APP_NOT_FOUND`: App not found. Use an app that `GET /api/apps` lists for this host.
     *     - `BAD_REQUEST`: Bad request. Correct the request; the message names the invalid part.
     *     - `UNAUTHORIZED`: Unauthorized. Send the credentials that the server is configured with.
     *     - `FORBIDDEN`: Forbidden. Use credentials that permit this, and list the origin of the page in `allowed_origins`.
     *     - `IDENTITY_UNAVAILABLE`: The keys of the identity provider cannot be had. Check `identity` in the configuration, and that the server reaches the provider.
     *     - `SHARE_ENDED`: This link does not exist, or is not good any more. Ask for another link.
     *     - `SHARE_PIN_REQUIRED`: This link needs its PIN. Send the PIN that was set for the link.
     *     - `SHARE_PIN_WRONG`: This PIN is wrong. Ask for the PIN: after ten wrong ones the link lets nobody in.
     *     - `NOT_FOUND`: Not found. Correct the path; `GET /api/openapi.json` lists all of them.
     *     - `METHOD_NOT_ALLOWED`: Method not allowed. Use one of the methods that the header `Allow` lists.
     *     - `PRECONDITION_FAILED`: Precondition failed. Use the `ETag` of the latest answer in `If-Match`.
     *     - `MEDIA_TYPE_UNSUPPORTED`: Unsupported media type. Send the `Content-Type` that the message names.
     *     - `PRECONDITION_REQUIRED`: Precondition required. Send the header `If-Match`.
     *     - `BODY_TOO_LARGE`: Request body too large. Send a smaller body, or raise `max_body_bytes`.
     *     - `RATE_LIMITED`: Too many requests. Wait as long as `Retry-After` asks for, and send fewer requests.
     *     - `LIMIT_REACHED`: A configured limit is reached. Close what is not needed any more, or raise the limit that the message names.
     *     - `DATA_IN_USE`: Another Moontee uses the data folder. Stop the other Moontee, or give this one another `data_path`.
     *     - `BACKUP_INVALID`: The backup cannot be used. Back up to a file that is not there yet, and restore what this version or an earlier one wrote.
     *     - `NO_SERVER`: No server runs on the data folder. Start it with `moontee serve`, and give the command the same `--config`.
     *     - `DRAINING`: The server is being drained and lets nobody else in. Use another server, or try again when this one is back.
     *     - `ADDRESS_UNAVAILABLE`: The address cannot be listened on. Choose another address with `--bind ADDRESS:PORT` (the demo: `--port NUMBER`), or end what uses this one; `ss -ltnp` shows it.
     *     - `CONFIG_INVALID`: Invalid configuration. Run `moontee config check`, which names the invalid keys.
     *     - `HOST_UNREACHABLE`: Host unreachable. Check that the host runs, and that the server reaches its address and ports.
     *     - `HOST_ANSWER_INVALID`: Invalid answer from the host. Check that a GameStream host, and nothing else, listens at this address and port.
     *     - `HOST_REFUSED`: The host refused. Look for the reason of the refusal in the log of the host.
     *     - `HOST_BUSY`: The host is running another app. End the app that runs on the host, or wait until it ends.
     *     - `HOST_CERTIFICATE_CHANGED`: The host shows another certificate than the one it was paired with. If the host was installed again, remove it and pair it again.
     *     - `PAIRING_FAILED`: Pairing failed. Start the pairing again; the log of the host has the reason.
     *     - `PAIRING_IN_PROGRESS`: The host is in the middle of another pairing. Wait until the other pairing ends, then try again.
     *     - `PAIRING_MITM`: Another machine intercepts the connection to the host. Pair again over a network that you trust.
     *     - `PAIRING_WRONG_PIN`: Wrong PIN. Enter the PIN that Moontee shows, or set `pairing_pin` to the one that the host expects.
     *     - `RTSP_FAILED`: RTSP handshake failed. Check that the RTSP port of the host is reachable over TCP, and read the log of the host.
     *     - `CONTROL_FAILED`: Control stream failed. Check that the control port of the host is reachable over UDP.
     *     - `NO_VIDEO`: The host sends no video. Check that UDP from the video port of the host arrives, and that its encoder works.
     *     - `STREAM_TERMINATED`: The host ended the stream. Start the app again; the log of the host has the reason of the end.
     *     - `ENCRYPTION_REQUIRED`: The host requires an encryption that is not available. Let the host stream without the encryption that the message names.
     *     - `CODEC_UNAVAILABLE`: No installed element can carry this codec to a browser. Install the GStreamer element that the log names, or ask for another codec.
     *     - `PIPELINE_FAILED`: The media pipeline failed. Look for the failed element in the log, and upgrade GStreamer if it fails again.
     *     - `ELEMENT_MISSING`: A GStreamer element is missing. Install the GStreamer element that the log names; `moontee doctor` checks all of them.
     *     - `RECORDING_NOT_FOUND`: Recording not found. Use an id that `GET /api/streamers/ID/recordings` lists.
     *     - `RECORDING_DISK_FULL`: The disk of the recordings is full. Make room under `recordings_path`, or set `recordings_mib` below what the disk has.
     *     - `RECORDING_FAILED`: The recording failed. Look for the failed file or element in the log; the folder must be writable.
     *     - `OUTPUT_NOT_FOUND`: Output not found. Use a name that `GET /api/streamers/ID/outputs` lists.
     *     - `OUTPUT_FORBIDDEN`: The target of the output is not allowed. List the target in `outputs_allowed`, or use one that is listed.
     *     - `OUTPUT_REFUSED`: The receiver of the output refused it. Check URL and token of the output, and the codecs that the receiver takes.
     *     - `OUTPUT_FAILED`: The receiver of the output cannot be reached. Check that the receiver runs and is reached; the output tries again by itself.
     *     - `VIEWER_MESSAGE_INVALID`: Invalid message. Send messages as `docs/socket-messages.md` describes them.
     *     - `VIEWER_TIMEOUT`: The viewer did not answer in time. Answer the offer in time; browsers slow down pages in the background.
     *     - `VIEWER_SDP_INVALID`: Invalid session description. Send the description that the browser made, without changes to its sections.
     *     - `VIEWER_CODEC_UNSUPPORTED`: The viewer cannot play the video of this streamer. Use a browser that plays the codec, or create the streamer with another codec.
     *     - `ICE_FAILED`: No network path between the viewer and the server. Run `moontee doctor ice`, and add a TURN server for viewers without a direct path.
     *     - `VIEWER_STALLED`: The viewer could not keep up with the stream. Give the viewer a faster network, or lower the bitrate of the streamer.
     *     - `VIEWER_CERTIFICATE_MISMATCH`: The certificate on the media path is not the one that the viewer announced. Look for a proxy or an attacker on the media path.
     *     - `VIEWER_FLOODS`: The viewer sent more than any player can. Look for a broken or hostile client at the address in the log.
     *     - `PERSON_TOOK_OVER`: A person has taken over. Look at the picture again before you go on: a person has changed it.
     *     - `STREAMER_FAILED`: The streamer failed. Read `failure` in `GET /api/streamers/{id}`, and the log.
     *     - `STREAMER_HUNG`: The streamer stopped responding. Look for the states of its threads in the log; report it if it happens again.
     *     - `STREAMER_MEMORY`: The streamer took more memory than it may have. Raise `streamer_memory_mib`, or lower `max_viewers`.
     *     - `STREAMER_STOPPING`: The streamer is stopping. Wait until the streamer is gone, then create it again.
     *     - `TIMEOUT`: Timed out. Check the load of the machine and of the host, then try again.
     *     - `CLOSED`: Already closed. Try again once the server, or the session of the streamer, is back.
     *     - `INTERNAL`: Internal server error. Look for the error in the log and report it.
     *     - `LEFT`: This viewer has left. Nothing is to be done: the viewer closed its socket.
     *     - `SUPERSEDED`: This viewer was opened again somewhere else. Nothing is to be done: the newer connection of this client goes on.
     *     - `KICKED`: A person with the right to do so has closed this viewer. Ask for another invitation.
     *     - `REVOKED`: The access of this viewer was taken back. Ask for another invitation.
     *     - `EXPIRED`: The access of this viewer has expired. Ask for another token, or another link.
     * @enum {string}
     */
    OutcomeCode:
      | 'STREAMER_NOT_FOUND'
      | 'STREAMER_EXISTS'
      | 'HOST_NOT_FOUND'
      | 'HOST_NOT_PAIRED'
      | 'PAIRING_PIN_MISSING'
      | 'APP_NOT_FOUND'
      | 'BAD_REQUEST'
      | 'UNAUTHORIZED'
      | 'FORBIDDEN'
      | 'IDENTITY_UNAVAILABLE'
      | 'SHARE_ENDED'
      | 'SHARE_PIN_REQUIRED'
      | 'SHARE_PIN_WRONG'
      | 'NOT_FOUND'
      | 'METHOD_NOT_ALLOWED'
      | 'PRECONDITION_FAILED'
      | 'MEDIA_TYPE_UNSUPPORTED'
      | 'PRECONDITION_REQUIRED'
      | 'BODY_TOO_LARGE'
      | 'RATE_LIMITED'
      | 'LIMIT_REACHED'
      | 'DATA_IN_USE'
      | 'BACKUP_INVALID'
      | 'NO_SERVER'
      | 'DRAINING'
      | 'ADDRESS_UNAVAILABLE'
      | 'CONFIG_INVALID'
      | 'HOST_UNREACHABLE'
      | 'HOST_ANSWER_INVALID'
      | 'HOST_REFUSED'
      | 'HOST_BUSY'
      | 'HOST_CERTIFICATE_CHANGED'
      | 'PAIRING_FAILED'
      | 'PAIRING_IN_PROGRESS'
      | 'PAIRING_MITM'
      | 'PAIRING_WRONG_PIN'
      | 'RTSP_FAILED'
      | 'CONTROL_FAILED'
      | 'NO_VIDEO'
      | 'STREAM_TERMINATED'
      | 'ENCRYPTION_REQUIRED'
      | 'CODEC_UNAVAILABLE'
      | 'PIPELINE_FAILED'
      | 'ELEMENT_MISSING'
      | 'RECORDING_NOT_FOUND'
      | 'RECORDING_DISK_FULL'
      | 'RECORDING_FAILED'
      | 'OUTPUT_NOT_FOUND'
      | 'OUTPUT_FORBIDDEN'
      | 'OUTPUT_REFUSED'
      | 'OUTPUT_FAILED'
      | 'VIEWER_MESSAGE_INVALID'
      | 'VIEWER_TIMEOUT'
      | 'VIEWER_SDP_INVALID'
      | 'VIEWER_CODEC_UNSUPPORTED'
      | 'ICE_FAILED'
      | 'VIEWER_STALLED'
      | 'VIEWER_CERTIFICATE_MISMATCH'
      | 'VIEWER_FLOODS'
      | 'PERSON_TOOK_OVER'
      | 'STREAMER_FAILED'
      | 'STREAMER_HUNG'
      | 'STREAMER_MEMORY'
      | 'STREAMER_STOPPING'
      | 'TIMEOUT'
      | 'CLOSED'
      | 'INTERNAL'
      | 'LEFT'
      | 'SUPERSEDED'
      | 'KICKED'
      | 'REVOKED'
      | 'EXPIRED';
    PresentViewer: {
      peer_id: string;
      name: string | null;
      color: string;
      rights: components['schemas']['RightList'];
      granted: components['schemas']['RightList'];
      is_name_certain: boolean;
    };
    Presence: {
      you: string;
      viewers: components['schemas']['PresentViewer'][];
    };
    PresenceChange: {
      put: components['schemas']['PresentViewer'][];
      gone: string[];
    };
    ControlRefused: {
      code: components['schemas']['OutcomeCode'];
      reason: string;
    };
    PointerPlace: {
      peer_id: string;
      x: number;
      y: number;
    };
    StreamServerMessage:
      | {
          WebRtcConfig: {
            ice_servers: components['schemas']['IceServer'][];
          };
        }
      | {
          Signaling: components['schemas']['Signaling'];
        }
      | {
          UpdateApp: {
            app: components['schemas']['App'];
          };
        }
      | {
          StageStarting: {
            stage: string;
          };
        }
      | {
          StageComplete: {
            stage: string;
          };
        }
      | {
          StageFailed: {
            stage: string;
            error_code: number;
          };
        }
      | {
          ConnectionComplete: {
            capabilities: {
              touch: boolean;
            };
            width: number;
            height: number;
          } & {
            client_id?: string;
          };
        }
      | {
          ConnectionTerminated: {
            error_code: number;
          };
        }
      | {
          PeerClosed: {
            code: components['schemas']['OutcomeCode'];
            reason: string;
          } & {
            retry?: boolean;
          };
        }
      | {
          Resume: {
            secret: string;
          };
        }
      | {
          PeerQuality: {
            /** @enum {string} */
            quality: 'good' | 'constrained' | 'stalled';
          };
        }
      | {
          MediaTicket: {
            ticket: string;
            path: string;
            expires_in_ms: number;
          };
        }
      | {
          MediaRefused: {
            code: components['schemas']['OutcomeCode'];
            reason: string;
          };
        }
      | {
          Presence: components['schemas']['Presence'];
        }
      | {
          PresenceChange: components['schemas']['PresenceChange'];
        }
      | {
          Control: components['schemas']['ControlInfo'];
        }
      | {
          ControlRefused: components['schemas']['ControlRefused'];
        }
      | {
          Pointers: {
            pointers: components['schemas']['PointerPlace'][];
          };
        }
      | (
          | 'InternalServerError'
          | 'HostNotFound'
          | 'AppNotFound'
          | 'HostNotPaired'
          | 'AlreadyStreaming'
          | 'PeerDisconnect'
          | 'SessionNotFound'
          | 'ClientKicked'
        );
    StreamServerGeneralMessage:
      | 'ConnectionTerminated'
      | {
          ConnectionStatusUpdate: {
            /** @enum {string} */
            status: 'Ok' | 'Poor';
          };
        };
    Event: {
      /** @enum {string} */
      type:
        | 'streamer.created'
        | 'streamer.status'
        | 'streamer.removed'
        | 'peer.joined'
        | 'peer.connected'
        | 'peer.left'
        | 'recording.started'
        | 'recording.ended'
        | 'output.status';
      at: string;
      streamer_id: string;
    } & {
      status?: string;
      peer_id?: string;
      /** @enum {string} */
      kind?: 'socket' | 'whep';
      recording_id?: string;
      output?: string;
      code?: components['schemas']['OutcomeCode'] | 'STOPPED';
      reason?: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
