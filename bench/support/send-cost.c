/*
 * What the kernel takes for a UDP packet over loopback: CPU time of the sending thread, the
 * receiver's socket queue included, in nanoseconds a packet. Three ways to send the same: one
 * call a packet, one call for 32 packets (sendmmsg), one buffer cut into 32 (UDP GSO).
 *
 * Usage: send-cost ROUNDS BYTES. Prints a JSON object; -1 is "this kernel cannot".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define BATCH 32
#define LARGEST 1500

static int out, in;
static struct sockaddr_in to;
static char bytes[BATCH * LARGEST];
static int size;

static long long cpu_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Counts what came, so that a lost packet cannot make sending look cheap. */
static int drain(void) {
  char packet[LARGEST];
  int count = 0;
  while (recv(in, packet, sizeof packet, MSG_DONTWAIT) > 0) count++;
  return count;
}

static int send_single(void) {
  for (int i = 0; i < BATCH; i++) {
    if (sendto(out, bytes + i * size, size, 0, (struct sockaddr *)&to, sizeof to) != size) return -1;
  }
  return 0;
}

static int send_many(void) {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){.iov_base = bytes + i * size, .iov_len = size};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  return sendmmsg(out, messages, BATCH, 0) == BATCH ? 0 : -1;
}

static int send_segmented(void) {
  char control[CMSG_SPACE(sizeof(unsigned short))];
  struct iovec part = {.iov_base = bytes, .iov_len = (size_t)BATCH * size};
  struct msghdr message = {.msg_name = &to,
                           .msg_namelen = sizeof to,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof(unsigned short));
  *(unsigned short *)CMSG_DATA(header) = (unsigned short)size;
  return sendmsg(out, &message, 0) > 0 ? 0 : -1;
}

static double measure(int (*send_batch)(void), int rounds) {
  long long spent = 0;
  long long arrived = 0;
  for (int i = 0; i < rounds; i++) {
    long long before = cpu_time();
    if (send_batch() != 0) return -1;
    spent += cpu_time() - before;
    arrived += drain();
  }
  return arrived == (long long)rounds * BATCH ? (double)spent / arrived : -1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int rounds = atoi(argv[1]);
  size = atoi(argv[2]);
  if (rounds < 1 || size < 1 || size > LARGEST) return 2;
  in = socket(AF_INET, SOCK_DGRAM, 0);
  out = socket(AF_INET, SOCK_DGRAM, 0);
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof to;
  if (bind(in, (struct sockaddr *)&to, sizeof to) != 0) return 1;
  if (getsockname(in, (struct sockaddr *)&to, &length) != 0) return 1;
  printf("{\"sendto\":%.0f,", measure(send_single, rounds));
  printf("\"sendmmsg\":%.0f,", measure(send_many, rounds));
  printf("\"gso\":%.0f}\n", measure(send_segmented, rounds));
  close(in);
  close(out);
  return 0;
}
