// Makes a streamer, or finds the one that exists.
//
//	MOONTEE_URL=... MOONTEE_CREDENTIALS=... go run create-streamer.go [ID [APP [WIDTHxHEIGHT]]]
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// The server answers a creation when the session with the host runs.
var client = &http.Client{Timeout: 40 * time.Second}

var (
	server      = strings.TrimRight(variable("MOONTEE_URL", "http://127.0.0.1:8080"), "/")
	credentials = os.Getenv("MOONTEE_CREDENTIALS")
)

// Refused is an error that the server answered.
type Refused struct {
	Code    string `json:"code"`
	Message string `json:"error"`
}

func (refused *Refused) Error() string { return refused.Code + ": " + refused.Message }

type streamer struct {
	ID     string `json:"streamer_id"`
	Status string `json:"status"`
}

type host struct {
	ID     int     `json:"host_id"`
	Paired string  `json:"paired"`
	State  *string `json:"server_state"`
}

type app struct {
	ID    int    `json:"app_id"`
	Title string `json:"title"`
}

func main() {
	id, title, size := argument(1, "desk"), argument(2, ""), argument(3, "1920x1080")
	made, err := createOrFind(id, title, size)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s is %s: %s/#/streamers/%s\n", id, made.Status, server, id)
}

func createOrFind(id, title, size string) (made streamer, err error) {
	var width, height int
	if _, err = fmt.Sscanf(size, "%dx%d", &width, &height); err != nil {
		return made, fmt.Errorf("size %q: %w", size, err)
	}
	hostID, appID, err := findApp(title)
	if err != nil {
		return made, err
	}
	settings := map[string]any{
		"streamer_id": id,
		// An identity of its own towards the host, kept for the next time.
		"client_unique_id":        id,
		"host_id":                 hostID,
		"app_id":                  appID,
		"width":                   width,
		"height":                  height,
		"fps":                     60,
		"bitrate":                 20000, // kbit/s
		"packet_size":             1024,
		"video_supported_formats": 1, // H.264, which every browser plays
		"video_colorspace":        "Rec709",
		"video_color_range_full":  false,
		"play_audio_local":        false,
		"video_sample_queue_size": 10,
		"audio_sample_queue_size": 10,
	}
	err = call("POST", "/streamers", settings, &made)
	var refused *Refused
	if errors.As(err, &refused) && refused.Code == "STREAMER_EXISTS" {
		err = call("GET", "/streamers/"+url.PathEscape(id), nil, &made)
	}
	return made, err
}

// findApp returns the first host that is paired and answers, and its app.
func findApp(title string) (hostID, appID int, err error) {
	var hosts struct {
		Hosts []host `json:"hosts"`
	}
	if err = call("GET", "/hosts", nil, &hosts); err != nil {
		return 0, 0, err
	}
	for _, each := range hosts.Hosts {
		if each.Paired != "Paired" || each.State == nil {
			continue
		}
		var apps struct {
			Apps []app `json:"apps"`
		}
		if err = call("GET", fmt.Sprintf("/apps?host_id=%d", each.ID), nil, &apps); err != nil {
			return 0, 0, err
		}
		for _, candidate := range apps.Apps {
			if title == "" || candidate.Title == title {
				return each.ID, candidate.ID, nil
			}
		}
	}
	return 0, 0, errors.New("no paired host answers that has this app")
}

// call makes one request of the REST interface.
func call(method, path string, body, result any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, server+"/api"+path, reader)
	if err != nil {
		return err
	}
	if credentials != "" {
		request.Header.Set("Authorization", "Bearer "+credentials)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		refused := &Refused{Code: fmt.Sprintf("HTTP_%d", response.StatusCode)}
		// A body that is not JSON leaves the status to speak.
		_ = json.NewDecoder(response.Body).Decode(refused)
		return refused
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func argument(index int, otherwise string) string {
	if len(os.Args) > index {
		return os.Args[index]
	}
	return otherwise
}
